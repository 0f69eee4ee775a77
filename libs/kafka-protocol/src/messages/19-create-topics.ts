import { api, array, arrayOf, bool, int16, int32, int8, string, uuid } from './schema.ts';

/**
 * New topics.
 *
 * Versions: 2 throttle time · 4 -1 partitions or replicas mean the default (KIP-464) · 5 flexible,
 * configs answered (KIP-525) · 6 THROTTLING_QUOTA_EXCEEDED possible (KIP-599) · 7 topic id answered
 * (KIP-516).
 */
export const createTopics = api({
  key: 19,
  name: 'CreateTopics',
  versions: '2-7',
  flexible: '5+',
  request: {
    topics: array({
      name: string(),
      numPartitions: int32(),
      replicationFactor: int16(),
      assignments: array({
        partitionIndex: int32(),
        brokerIds: arrayOf(int32()),
      }),
      configs: array({
        name: string(),
        value: string({ nullable: '0+' }),
      }),
    }),
    timeoutMs: int32({ default: 60000 }),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    topics: array({
      name: string(),
      topicId: uuid({ versions: '7+' }),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
      topicConfigErrorCode: int16({ versions: '5+', tag: 0 }),
      numPartitions: int32({ versions: '5+', default: -1 }),
      replicationFactor: int16({ versions: '5+', default: -1 }),
      configs: array(
        {
          name: string(),
          value: string({ nullable: '0+' }),
          readOnly: bool(),
          configSource: int8({ default: -1 }),
          isSensitive: bool(),
        },
        { versions: '5+', nullable: '5+' },
      ),
    }),
  },
});
