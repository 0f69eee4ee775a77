import { api, array, arrayOf, bool, int16, int32, string, uuid } from './schema.ts';

/** No authorized operations were asked for. */
const INT32_MIN = -0x80000000;

/**
 * Brokers, topics and their partitions.
 *
 * Versions: 0 empty topics mean all · 1 null topics mean all, racks, controller · 2 cluster id · 3
 * throttle time · 4 the client says whether topics may be created · 5 offline replicas · 7 leader
 * epoch (KIP-320) · 8 authorized operations (KIP-430) · 9 flexible · 10 topic ids (KIP-516) · 11 no
 * operations of the cluster here (KIP-700) · 12 ask by topic id · 13 top-level error (KIP-1102).
 */
export const metadata = api({
  key: 3,
  name: 'Metadata',
  versions: '0-13',
  flexible: '9+',
  request: {
    topics: array(
      {
        topicId: uuid({ versions: '10+' }),
        name: string({ nullable: '10+' }),
      },
      { nullable: '1+' },
    ),
    allowAutoTopicCreation: bool({ versions: '4+', default: true }),
    includeClusterAuthorizedOperations: bool({ versions: '8-10', default: false }),
    includeTopicAuthorizedOperations: bool({ versions: '8+' }),
  },
  response: {
    throttleTimeMs: int32({ versions: '3+', default: 0 }),
    brokers: array({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string({ versions: '1+', nullable: '1+', default: null }),
    }),
    clusterId: string({ versions: '2+', nullable: '2+', default: null }),
    controllerId: int32({ versions: '1+', default: -1 }),
    topics: array({
      errorCode: int16(),
      name: string({ nullable: '12+' }),
      topicId: uuid({ versions: '10+' }),
      isInternal: bool({ versions: '1+' }),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ versions: '7+', default: -1 }),
        replicaNodes: arrayOf(int32()),
        isrNodes: arrayOf(int32()),
        offlineReplicas: arrayOf(int32(), { versions: '5+' }),
      }),
      topicAuthorizedOperations: int32({ versions: '8+', default: INT32_MIN }),
    }),
    clusterAuthorizedOperations: int32({ versions: '8-10', default: INT32_MIN }),
    errorCode: int16({ versions: '13+' }),
  },
});
