import { api, array, arrayOf, bool, int16, int32, string } from './schema.ts';

/**
 * More partitions for topics.
 *
 * Versions: 2 flexible · 3 THROTTLING_QUOTA_EXCEEDED possible (KIP-599).
 */
export const createPartitions = api({
  key: 37,
  name: 'CreatePartitions',
  versions: '0-3',
  flexible: '2+',
  request: {
    topics: array({
      name: string(),
      count: int32(),
      assignments: array(
        {
          brokerIds: arrayOf(int32()),
        },
        { nullable: '0+' },
      ),
    }),
    timeoutMs: int32(),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      name: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+', default: null }),
    }),
  },
});
