import { api, array, arrayOf, int16, int32, int8, string } from './schema.ts';

/**
 * Partitions whose leader is to be elected anew; null means all.
 *
 * Versions: 1 kind of election, top-level error (KIP-460) · 2 flexible.
 */
export const electLeaders = api({
  key: 43,
  name: 'ElectLeaders',
  versions: '0-2',
  flexible: '2+',
  request: {
    electionType: int8({ versions: '1+' }),
    topicPartitions: array(
      {
        topic: string(),
        partitions: arrayOf(int32()),
      },
      { nullable: '0+' },
    ),
    timeoutMs: int32({ default: 60_000 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ versions: '1+' }),
    replicaElectionResults: array({
      topic: string(),
      partitionResult: array({
        partitionId: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
      }),
    }),
  },
});
