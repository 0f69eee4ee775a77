import { api, array, arrayOf, int16, int32, int8, string } from './schema.ts';

/**
 * The coordinator of a group or transactional id.
 *
 * Versions: 1 key type, error message (KIP-98) · 3 flexible · 4 several keys (KIP-699) · 5
 * TRANSACTION_ABORTABLE possible (KIP-890).
 */
export const findCoordinator = api({
  key: 10,
  name: 'FindCoordinator',
  versions: '0-5',
  flexible: '3+',
  request: {
    key: string({ versions: '0-3', default: '' }),
    keyType: int8({ versions: '1+' }),
    coordinatorKeys: arrayOf(string(), { versions: '4+', default: [] }),
  },
  response: {
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    errorCode: int16({ versions: '0-3', default: 0 }),
    errorMessage: string({ versions: '1-3', nullable: '1-3', default: '' }),
    nodeId: int32({ versions: '0-3', default: 0 }),
    host: string({ versions: '0-3', default: '' }),
    port: int32({ versions: '0-3', default: 0 }),
    coordinators: array(
      {
        key: string(),
        nodeId: int32(),
        host: string(),
        port: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+' }),
      },
      { versions: '4+', default: [] },
    ),
  },
});
