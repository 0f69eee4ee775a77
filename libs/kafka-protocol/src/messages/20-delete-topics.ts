import { api, array, arrayOf, int16, int32, string, uuid } from './schema.ts';

/**
 * Topics to delete.
 *
 * Versions: 1 throttle time · 4 flexible · 5 error message, THROTTLING_QUOTA_EXCEEDED possible
 * (KIP-599) · 6 by topic id (KIP-516).
 */
export const deleteTopics = api({
  key: 20,
  name: 'DeleteTopics',
  versions: '1-6',
  flexible: '4+',
  request: {
    topics: array(
      {
        name: string({ nullable: '0+', default: null }),
        topicId: uuid(),
      },
      { versions: '6+', default: [] },
    ),
    topicNames: arrayOf(string(), { versions: '1-5', default: [] }),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    responses: array({
      name: string({ nullable: '6+' }),
      topicId: uuid({ versions: '6+' }),
      errorCode: int16(),
      errorMessage: string({ versions: '5+', nullable: '5+', default: null }),
    }),
  },
});
