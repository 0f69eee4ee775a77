import { api, array, int16, int32, int64, records, string, struct } from './schema.ts';

/**
 * Records to append.
 *
 * Versions: 3 record batches of magic 2, transactional id (KIP-98) · 5 log start offset · 7 zstd
 * allowed (KIP-110) · 8 errors per record (KIP-467) · 9 flexible · 10 current leader in the answer
 * (KIP-951) · 11 TRANSACTION_ABORTABLE possible (KIP-890).
 *
 * Not offered: 12 (implicit transactions, goes with the feature transaction.version=2) and 13
 * (topic ids).
 */
export const produce = api({
  key: 0,
  name: 'Produce',
  versions: '3-11',
  flexible: '9+',
  request: {
    transactionalId: string({ nullable: '0+', default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: array({
      name: string(),
      partitionData: array({
        index: int32(),
        records: records({ nullable: '0+', default: null }),
      }),
    }),
  },
  response: {
    responses: array({
      name: string(),
      partitionResponses: array({
        index: int32(),
        errorCode: int16(),
        baseOffset: int64(),
        logAppendTimeMs: int64({ default: -1 }),
        logStartOffset: int64({ versions: '5+', default: -1 }),
        recordErrors: array(
          {
            batchIndex: int32(),
            batchIndexErrorMessage: string({ nullable: '0+', default: null }),
          },
          { versions: '8+' },
        ),
        errorMessage: string({ versions: '8+', nullable: '8+', default: null }),
        currentLeader: struct(
          {
            leaderId: int32({ default: -1 }),
            leaderEpoch: int32({ default: -1 }),
          },
          { versions: '10+', tag: 0 },
        ),
      }),
    }),
    throttleTimeMs: int32({ default: 0 }),
    nodeEndpoints: array(
      {
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: '0+', default: null }),
      },
      { versions: '10+', tag: 0 },
    ),
  },
});
