import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { handler } from './handler.ts';

/**
 * SaslHandshake (key 17), versions 0 and 1. Offered because librdkafka up to 2.11.0 looks for both
 * versions; there is no authentication here, so every mechanism is refused:
 * UNSUPPORTED_SASL_MECHANISM 33 with an empty list.
 */
export const saslHandshakeHandler = handler({
  key: ApiKeys.SaslHandshake,
  handle: () => ({ errorCode: ErrorCodes.UNSUPPORTED_SASL_MECHANISM, mechanisms: [] }),
});
