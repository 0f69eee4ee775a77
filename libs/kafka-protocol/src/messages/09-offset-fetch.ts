import { api, array, arrayOf, bool, int16, int32, int64, string } from './schema.ts';

/**
 * Committed offsets of groups.
 *
 * Versions: 2 null topics mean all, top-level error · 3 throttle time · 5 leader epoch (KIP-320) ·
 * 6 flexible · 7 stable offsets only (KIP-447) · 8 several groups (KIP-709) · 9 member epochs of
 * KIP-848.
 */
export const offsetFetch = api({
  key: 9,
  name: 'OffsetFetch',
  versions: '1-9',
  flexible: '6+',
  request: {
    groupId: string({ versions: '1-7', default: '' }),
    topics: array(
      {
        name: string(),
        partitionIndexes: arrayOf(int32()),
      },
      { versions: '1-7', nullable: '2+', default: [] },
    ),
    groups: array(
      {
        groupId: string(),
        memberId: string({ versions: '9+', nullable: '9+', default: null }),
        memberEpoch: int32({ versions: '9+', default: -1 }),
        topics: array(
          {
            name: string(),
            partitionIndexes: arrayOf(int32()),
          },
          { nullable: '0+' },
        ),
      },
      { versions: '8+', default: [] },
    ),
    requireStable: bool({ versions: '7+' }),
  },
  response: {
    throttleTimeMs: int32({ versions: '3+', default: 0 }),
    topics: array(
      {
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          committedOffset: int64(),
          committedLeaderEpoch: int32({ versions: '5+', default: -1 }),
          metadata: string({ nullable: '0+' }),
          errorCode: int16(),
        }),
      },
      { versions: '1-7', default: [] },
    ),
    errorCode: int16({ versions: '2-7', default: 0 }),
    groups: array(
      {
        groupId: string(),
        topics: array({
          name: string(),
          partitions: array({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32({ default: -1 }),
            metadata: string({ nullable: '0+' }),
            errorCode: int16(),
          }),
        }),
        errorCode: int16(),
      },
      { versions: '8+', default: [] },
    ),
  },
});
