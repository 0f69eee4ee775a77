import { api, array, int16, int32, int64, string } from './schema.ts';

/**
 * Committed offsets of a group, to be kept.
 *
 * Versions: 2 retention time · 3 throttle time · 5 retention time gone (KIP-211) · 6 leader epoch
 * (KIP-320) · 7 static members (KIP-345) · 8 flexible · 9 member epochs of KIP-848,
 * GROUP_ID_NOT_FOUND possible.
 */
export const offsetCommit = api({
  key: 8,
  name: 'OffsetCommit',
  versions: '2-9',
  flexible: '8+',
  request: {
    groupId: string(),
    generationIdOrMemberEpoch: int32({ default: -1 }),
    memberId: string(),
    groupInstanceId: string({ versions: '7+', nullable: '7+', default: null }),
    retentionTimeMs: int64({ versions: '2-4', default: -1 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32({ versions: '6+', default: -1 }),
        committedMetadata: string({ nullable: '0+' }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ versions: '3+', default: 0 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
});
