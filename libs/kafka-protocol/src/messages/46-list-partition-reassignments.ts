import { api, array, arrayOf, int16, int32, string } from './schema.ts';

/** Partitions being moved (KIP-455). Flexible from the start. */
export const listPartitionReassignments = api({
  key: 46,
  name: 'ListPartitionReassignments',
  versions: '0',
  flexible: '0+',
  request: {
    timeoutMs: int32({ default: 60000 }),
    topics: array(
      {
        name: string(),
        partitionIndexes: arrayOf(int32()),
      },
      { nullable: '0+', default: null },
    ),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        replicas: arrayOf(int32()),
        addingReplicas: arrayOf(int32()),
        removingReplicas: arrayOf(int32()),
      }),
    }),
  },
});
