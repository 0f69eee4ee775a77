import { api, int16, int32, int64, string } from './schema.ts';

/**
 * A producer id and epoch.
 *
 * Versions: 2 flexible · 3 bump of a known id (KIP-360) · 4 PRODUCER_FENCED possible (KIP-588).
 */
export const initProducerId = api({
  key: 22,
  name: 'InitProducerId',
  versions: '0-4',
  flexible: '2+',
  request: {
    transactionalId: string({ nullable: '0+' }),
    transactionTimeoutMs: int32(),
    producerId: int64({ versions: '3+', default: -1 }),
    producerEpoch: int16({ versions: '3+', default: -1 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    producerId: int64({ default: -1 }),
    producerEpoch: int16(),
  },
});
