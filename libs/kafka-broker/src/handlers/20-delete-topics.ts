import { ApiKeys, ErrorCodes, ZERO_UUID, type ResponseInputOf } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import { handler } from './handler.ts';

/**
 * DeleteTopics (key 20), versions 1 to 6; by name, from version 6 on also by id.
 *
 * - When the answer is sent the topic is gone for good: a crash finishes what was begun.
 * - Committed offsets of the topic go with it. `delete.topic.enable=false`: TOPIC_DELETION_DISABLED 73.
 */
export const deleteTopicsHandler = handler({
  key: ApiKeys.DeleteTopics,
  async handle({ topics, topicNames }, { broker, apiVersion }) {
    const asked =
      apiVersion >= 6 ? topics : topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
    return { responses: await Promise.all(asked.map((topic) => deleteOne(broker, topic))) };
  },
});

type Outcome = ResponseInputOf<typeof ApiKeys.DeleteTopics>['responses'][number];

async function deleteOne(
  broker: BrokerContext,
  { name, topicId }: { name: string | null; topicId: string },
): Promise<Outcome> {
  const topic = name === null ? broker.topics.byId(topicId) : broker.topics.byName(name);
  const failed = (errorCode: number, errorMessage: string): Outcome => ({
    name: topic?.name ?? name,
    topicId: topic?.id ?? topicId,
    errorCode,
    errorMessage,
  });
  if (!broker.configs.isOn('delete.topic.enable')) {
    return failed(ErrorCodes.TOPIC_DELETION_DISABLED, 'Topic deletion is disabled.');
  }
  if (!topic) {
    return name === null
      ? failed(ErrorCodes.UNKNOWN_TOPIC_ID, 'This server does not host this topic ID.')
      : failed(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION, 'This server does not host this topic.');
  }
  try {
    await broker.topics.delete(topic);
    await broker.groups.offsets.deleteTopic(topic.name);
    return { name: topic.name, topicId: topic.id, errorCode: ErrorCodes.NONE };
  } catch (error) {
    broker.logger.error({ err: error, topic: topic.name }, 'topic not deleted');
    return failed(ErrorCodes.UNKNOWN_SERVER_ERROR, String(error));
  }
}
