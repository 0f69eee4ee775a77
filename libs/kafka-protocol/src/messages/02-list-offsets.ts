import { api, array, int16, int32, int64, int8, string } from './schema.ts';

/**
 * Offsets by timestamp, or by -1 latest, -2 earliest.
 *
 * Versions: 2 isolation level · 4 leader epoch (KIP-320) · 6 flexible · 7 -3 record of the largest
 * timestamp (KIP-734) · 8 -4 earliest local (KIP-405) · 9 -5 latest tiered (KIP-1005).
 */
export const listOffsets = api({
  key: 2,
  name: 'ListOffsets',
  versions: '1-9',
  flexible: '6+',
  request: {
    replicaId: int32(),
    isolationLevel: int8({ versions: '2+' }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        currentLeaderEpoch: int32({ versions: '4+', default: -1 }),
        timestamp: int64(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ versions: '2+', default: 0 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        timestamp: int64({ default: -1 }),
        offset: int64({ default: -1 }),
        leaderEpoch: int32({ versions: '4+', default: -1 }),
      }),
    }),
  },
});
