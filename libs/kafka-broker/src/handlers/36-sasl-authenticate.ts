import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { handler } from './handler.ts';

/**
 * SaslAuthenticate (key 36), versions 0 to 2. Never in order, because no handshake succeeds:
 * ILLEGAL_SASL_STATE 34.
 */
export const saslAuthenticateHandler = handler({
  key: ApiKeys.SaslAuthenticate,
  handle: () => ({
    errorCode: ErrorCodes.ILLEGAL_SASL_STATE,
    errorMessage: 'This listener does not authenticate.',
    authBytes: Buffer.alloc(0),
    sessionLifetimeMs: 0,
  }),
});
