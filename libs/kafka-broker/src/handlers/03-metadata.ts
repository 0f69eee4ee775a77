import {
  ApiKeys,
  ErrorCodes,
  ZERO_UUID,
  type RequestOf,
  type ResponseInputOf,
} from '@penstock/kafka-protocol';
import { LEADER_EPOCH, type BrokerContext } from '../broker-context.ts';
import { isRefusal, type Topic } from '../metadata/topic-catalog.ts';
import { topicNameProblem } from '../metadata/topic-names.ts';
import { handler } from './handler.ts';

/**
 * Metadata (key 3), versions 0 to 13.
 *
 * - Version 0: an empty list asks for all topics; from version 1 on null does, and an empty list
 *   asks for none.
 * - Topics by id from version 12 on: UNKNOWN_TOPIC_ID 100 for one that is not there.
 * - Auto-creation (`auto.create.topics.enable`, and the request's flag from version 4 on) for topics
 *   asked by name. Deviation: Kafka answers error 3 first and clients ask again; here the topic is
 *   durable and writable before the answer is sent.
 * - Authorized operations are not computed: the answer says "not requested".
 */
export const metadataHandler = handler({
  key: ApiKeys.Metadata,
  handle(request, { broker, apiVersion }) {
    const asked = request.topics;
    if (asked === null || (apiVersion === 0 && asked.length === 0)) {
      return answer(
        broker,
        [...broker.topics.all()].map((topic) => describe(broker, topic)),
      );
    }
    const mayCreate =
      request.allowAutoTopicCreation && broker.configs.isOn('auto.create.topics.enable');
    const described: TopicMetadata[] = [];
    const creating: Promise<unknown>[] = [];
    for (const [index, topic] of asked.entries()) {
      const outcome = describeAsked(broker, topic, mayCreate);
      if (!(outcome instanceof Promise)) described[index] = outcome;
      else creating.push(outcome.then((settled) => (described[index] = settled)));
    }
    return creating.length === 0
      ? answer(broker, described)
      : Promise.all(creating).then(() => answer(broker, described));
  },
});

type TopicMetadata = ResponseInputOf<typeof ApiKeys.Metadata>['topics'][number];
type AskedTopic = NonNullable<RequestOf<typeof ApiKeys.Metadata>['topics']>[number];

function answer(
  broker: BrokerContext,
  topics: TopicMetadata[],
): ResponseInputOf<typeof ApiKeys.Metadata> {
  const { host, port } = broker.advertised;
  return {
    brokers: [{ nodeId: broker.nodeId, host, port, rack: broker.rack }],
    clusterId: broker.clusterId,
    controllerId: broker.nodeId,
    topics,
    errorCode: ErrorCodes.NONE,
  };
}

function describeAsked(
  broker: BrokerContext,
  asked: AskedTopic,
  mayCreate: boolean,
): TopicMetadata | Promise<TopicMetadata> {
  const { name, topicId } = asked;
  if (name === null) {
    const topic = broker.topics.byId(topicId);
    if (topic) return describe(broker, topic);
    return failure(null, ErrorCodes.UNKNOWN_TOPIC_ID, topicId);
  }
  const topic = broker.topics.byName(name);
  if (topic) return describe(broker, topic);
  if (topicNameProblem(name) !== undefined) {
    return failure(name, ErrorCodes.INVALID_TOPIC_EXCEPTION);
  }
  if (!mayCreate) return failure(name, ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  return broker.topics
    .obtain(name)
    .then((outcome) =>
      isRefusal(outcome) ? failure(name, outcome.error) : describe(broker, outcome),
    );
}

function describe(broker: BrokerContext, topic: Topic): TopicMetadata {
  const nodes = [broker.nodeId];
  return {
    errorCode: ErrorCodes.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.isInternal,
    partitions: Array.from({ length: topic.partitionCount }, (_, partitionIndex) => ({
      errorCode: ErrorCodes.NONE,
      partitionIndex,
      leaderId: broker.nodeId,
      leaderEpoch: LEADER_EPOCH,
      replicaNodes: nodes,
      isrNodes: nodes,
      offlineReplicas: [],
    })),
  };
}

function failure(name: string | null, errorCode: number, topicId = ZERO_UUID): TopicMetadata {
  return { errorCode, name, topicId, isInternal: false, partitions: [] };
}
