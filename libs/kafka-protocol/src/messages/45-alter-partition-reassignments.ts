import { api, array, arrayOf, bool, int16, int32, string } from './schema.ts';

/**
 * Where partitions are to be; null replicas take a move back (KIP-455). Flexible from the start.
 *
 * Versions: 1 whether the number of replicas may change (KIP-860).
 */
export const alterPartitionReassignments = api({
  key: 45,
  name: 'AlterPartitionReassignments',
  versions: '0-1',
  flexible: '0+',
  request: {
    timeoutMs: int32({ default: 60_000 }),
    allowReplicationFactorChange: bool({ versions: '1+', default: true }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        replicas: arrayOf(int32(), { nullable: '0+', default: null }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    allowReplicationFactorChange: bool({ versions: '1+', default: true }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    responses: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
      }),
    }),
  },
});
