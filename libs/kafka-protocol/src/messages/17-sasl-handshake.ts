import { api, arrayOf, int16, string } from './schema.ts';

/**
 * The SASL mechanism to be used. Never flexible.
 *
 * Versions: 0 raw tokens follow, without Kafka headers · 1 SaslAuthenticate follows (KIP-152).
 */
export const saslHandshake = api({
  key: 17,
  name: 'SaslHandshake',
  versions: '0-1',
  request: {
    mechanism: string(),
  },
  response: {
    errorCode: int16(),
    mechanisms: arrayOf(string()),
  },
});
