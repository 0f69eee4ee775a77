import {
  api,
  array,
  arrayOf,
  int16,
  int32,
  int64,
  int8,
  records,
  string,
  struct,
  uuid,
} from './schema.ts';

/**
 * Record batches from given offsets, long-polled.
 *
 * Versions: 4 aborted transactions (KIP-98) · 5 log start offset · 7 sessions (KIP-227) · 9 leader
 * epoch (KIP-320) · 10 zstd possible · 11 rack, preferred replica (KIP-392) · 12 flexible,
 * diverging epoch (KIP-595) · 13 topics by id (KIP-516) · 15 replica id under a tag (KIP-903) · 16
 * node endpoints (KIP-951) · 17 directory ids (KIP-853).
 */
export const fetch = api({
  key: 1,
  name: 'Fetch',
  versions: '4-17',
  flexible: '12+',
  request: {
    clusterId: string({ versions: '12+', nullable: '12+', tag: 0, default: null }),
    replicaId: int32({ versions: '4-14', default: -1 }),
    replicaState: struct(
      {
        replicaId: int32({ default: -1 }),
        replicaEpoch: int64({ default: -1 }),
      },
      { versions: '15+', tag: 1 },
    ),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ default: 2147483647 }),
    isolationLevel: int8(),
    sessionId: int32({ versions: '7+' }),
    sessionEpoch: int32({ versions: '7+', default: -1 }),
    topics: array({
      topic: string({ versions: '4-12', default: '' }),
      topicId: uuid({ versions: '13+' }),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32({ versions: '9+', default: -1 }),
        fetchOffset: int64(),
        lastFetchedEpoch: int32({ versions: '12+', default: -1 }),
        logStartOffset: int64({ versions: '5+', default: -1 }),
        partitionMaxBytes: int32(),
        replicaDirectoryId: uuid({ versions: '17+', tag: 0 }),
      }),
    }),
    forgottenTopicsData: array(
      {
        topic: string({ versions: '7-12', default: '' }),
        topicId: uuid({ versions: '13+' }),
        partitions: arrayOf(int32()),
      },
      { versions: '7+', default: [] },
    ),
    rackId: string({ versions: '11+' }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ versions: '7+' }),
    sessionId: int32({ versions: '7+' }),
    responses: array({
      topic: string({ versions: '4-12', default: '' }),
      topicId: uuid({ versions: '13+' }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        highWatermark: int64(),
        lastStableOffset: int64({ default: -1 }),
        logStartOffset: int64({ versions: '5+', default: -1 }),
        divergingEpoch: struct(
          {
            epoch: int32({ default: -1 }),
            endOffset: int64({ default: -1 }),
          },
          { versions: '12+', tag: 0 },
        ),
        currentLeader: struct(
          {
            leaderId: int32({ default: -1 }),
            leaderEpoch: int32({ default: -1 }),
          },
          { versions: '12+', tag: 1 },
        ),
        snapshotId: struct(
          {
            endOffset: int64({ default: -1 }),
            epoch: int32({ default: -1 }),
          },
          { versions: '12+', tag: 2 },
        ),
        abortedTransactions: array(
          {
            producerId: int64(),
            firstOffset: int64(),
          },
          { nullable: '0+' },
        ),
        preferredReadReplica: int32({ versions: '11+', default: -1 }),
        records: records({ nullable: '0+', default: null }),
      }),
    }),
    nodeEndpoints: array(
      {
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: '0+', default: null }),
      },
      { versions: '16+', tag: 0 },
    ),
  },
});
