import { ApiKeys, ErrorCodes, ZERO_UUID, type ResponseInputOf } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import type { Topic } from '../metadata/topic-catalog.ts';
import { internalTopicRefusal } from '../metadata/topic-names.ts';
import { handler } from './handler.ts';

/**
 * DeleteTopics (key 20), versions 1 to 6; by name, from version 6 on also by id (Kafka:
 * `ControllerApis.deleteTopics`).
 *
 * - When the answer is sent the topic is gone for good: a crash finishes what was begun. Committed
 *   offsets of the topic go with it.
 * - What is named twice, by both its name and its id, or not at all is not deleted: INVALID_REQUEST
 *   42.
 * - `delete.topic.enable=false`: TOPIC_DELETION_DISABLED 73, before version 3 INVALID_REQUEST 42.
 */
export const deleteTopicsHandler = handler({
  key: ApiKeys.DeleteTopics,
  async handle({ topics, topicNames }, { broker, apiVersion }) {
    const asked: AskedTopic[] =
      apiVersion >= 6 ? topics : topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
    if (!broker.configs.isOn('delete.topic.enable')) {
      const errorCode =
        apiVersion < 3 ? ErrorCodes.INVALID_REQUEST : ErrorCodes.TOPIC_DELETION_DISABLED;
      const errorMessage = 'Topic deletion is disabled.';
      return { responses: asked.map((topic) => ({ ...topic, errorCode, errorMessage })) };
    }
    const { refused, found } = resolve(broker, asked);
    const deleted = await Promise.all(found.map((topic) => deleteOne(broker, topic)));
    return { responses: [...refused, ...deleted] };
  },
});

interface AskedTopic {
  readonly name: string | null;
  readonly topicId: string;
}
type Outcome = ResponseInputOf<typeof ApiKeys.DeleteTopics>['responses'][number];

/** The topics to delete, each named exactly once, and an answer for each of the others. */
function resolve(
  broker: BrokerContext,
  asked: readonly AskedTopic[],
): { refused: Outcome[]; found: Topic[] } {
  const refused: Outcome[] = [];
  const invalid = (topic: AskedTopic, errorMessage: string): void => {
    refused.push({ ...topic, errorCode: ErrorCodes.INVALID_REQUEST, errorMessage });
  };
  const names = new Map<string, number>();
  const ids = new Map<string, number>();
  for (const topic of asked) {
    const { name, topicId } = topic;
    const hasId = topicId !== ZERO_UUID;
    if (name !== null && hasId) {
      invalid(topic, 'You may not specify both topic name and topic id.');
    } else if (name !== null) names.set(name, (names.get(name) ?? 0) + 1);
    else if (hasId) ids.set(topicId, (ids.get(topicId) ?? 0) + 1);
    else invalid(topic, 'Neither topic name nor id were specified.');
  }
  const found = new Set<Topic>();
  for (const [topicId, count] of ids) {
    const topic = broker.topics.byId(topicId);
    if (count > 1) invalid({ name: null, topicId }, 'Duplicate topic id.');
    else if (topic) found.add(topic);
    else {
      const errorMessage = 'This server does not host this topic ID.';
      const errorCode = ErrorCodes.UNKNOWN_TOPIC_ID;
      refused.push({ name: null, topicId, errorCode, errorMessage });
    }
  }
  for (const [name, count] of names) {
    const topic = broker.topics.byName(name);
    if (count > 1) {
      invalid({ name, topicId: ZERO_UUID }, 'Duplicate topic name.');
    } else if (topic && found.delete(topic)) {
      const both = 'The provided topic name maps to an ID that was already supplied.';
      invalid({ name, topicId: topic.id }, both);
    } else if (topic) found.add(topic);
    else {
      const errorMessage = 'This server does not host this topic-partition.';
      const errorCode = ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION;
      refused.push({ name, topicId: ZERO_UUID, errorCode, errorMessage });
    }
  }
  return { refused, found: [...found] };
}

async function deleteOne(broker: BrokerContext, topic: Topic): Promise<Outcome> {
  const { name, id: topicId } = topic;
  const internal = internalTopicRefusal(name);
  if (internal) return { name, topicId, errorCode: internal.error, errorMessage: internal.message };
  try {
    await broker.topics.delete(topic);
    return { name, topicId, errorCode: ErrorCodes.NONE };
  } catch (error) {
    broker.logger.error({ err: error, topic: name }, 'topic not deleted');
    const errorCode = ErrorCodes.UNKNOWN_SERVER_ERROR;
    return { name, topicId, errorCode, errorMessage: String(error) };
  }
}
