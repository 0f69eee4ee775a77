import {
  ApiKeys,
  ErrorCodes,
  topicNameProblem,
  ZERO_UUID,
  type RequestOf,
  type ResponseInputOf,
} from '@penstock/kafka-protocol';
import { CLUSTER_OPERATIONS, TOPIC_OPERATIONS } from './authorized-operations.ts';
import { LEADER_EPOCH, type BrokerContext } from '../broker-context.ts';
import { isRefusal, type Topic } from '../metadata/topic-catalog.ts';
import type { AdvertisedAddress } from '../network/listeners.ts';
import { handler } from './handler.ts';

/**
 * Metadata (key 3), versions 0 to 13 (Kafka: `KafkaApis.handleTopicMetadataRequest`).
 *
 * - Version 0: an empty list asks for all topics; from version 1 on null does, and an empty list
 *   asks for none. A topic that is named twice is answered once.
 * - Topics by id from version 12 on: UNKNOWN_TOPIC_ID 100 for one that is not there. One id makes
 *   the request one by id: names are not looked at. Before version 12: INVALID_REQUEST 42 for all.
 * - Auto-creation (`auto.create.topics.enable`, and the request's flag from version 4 on) for
 *   topics asked by name. Deviation: Kafka answers error 3 first and clients ask again; here the
 *   topic is durable and writable before the answer is sent, and a name that collides is refused at
 *   once (17).
 * - An internal topic (`__consumer_offsets`) is unknown, and where asking would create it, refused
 *   (17).
 * - Authorized operations, when asked for: all, as in Kafka without an authorizer.
 * - A partition that takes no more writes keeps its leader, which serves what there is, and lists
 *   it as offline.
 */
export const metadataHandler = handler({
  key: ApiKeys.Metadata,
  handle(request, { broker, apiVersion, advertised }) {
    const asked = request.topics;
    if (asked !== null && apiVersion >= 10 && apiVersion < FIRST_VERSION_BY_ID) {
      const isById = ({ name, topicId }: AskedTopic) => name === null || topicId !== ZERO_UUID;
      if (asked.some(isById)) return refused(asked);
    }
    const described: TopicMetadata[] = [];
    const creating: Promise<unknown>[] = [];
    for (const [index, topic] of describeAll(broker, request, apiVersion).entries()) {
      if (!(topic instanceof Promise)) described[index] = topic;
      else creating.push(topic.then((settled) => (described[index] = settled)));
    }
    return creating.length === 0
      ? answer(broker, advertised, described, request)
      : Promise.all(creating).then(() => answer(broker, advertised, described, request));
  },
});

type MetadataRequest = RequestOf<typeof ApiKeys.Metadata>;

const FIRST_VERSION_BY_ID = 12;

function describeAll(
  broker: BrokerContext,
  request: MetadataRequest,
  apiVersion: number,
): (TopicMetadata | Promise<TopicMetadata>)[] {
  const asked = request.topics;
  if (asked === null || (apiVersion === 0 && asked.length === 0)) {
    return [...broker.topics.all()].map((topic) => describe(broker, topic));
  }
  const mayCreate =
    request.allowAutoTopicCreation && broker.configs.isOn('auto.create.topics.enable');
  const ids = asked.map(({ topicId }) => topicId).filter((id) => id !== ZERO_UUID);
  if (ids.length === 0) {
    const names = new Set(asked.map(({ name }) => name ?? ''));
    return [...names].map((name) => describeNamed(broker, name, mayCreate));
  }
  return [...new Set(ids)].map((id) => {
    const topic = broker.topics.byId(id);
    return topic ? describe(broker, topic) : failure(null, ErrorCodes.UNKNOWN_TOPIC_ID, id);
  });
}

type TopicMetadata = ResponseInputOf<typeof ApiKeys.Metadata>['topics'][number];
type AskedTopic = NonNullable<RequestOf<typeof ApiKeys.Metadata>['topics']>[number];

function answer(
  broker: BrokerContext,
  { host, port }: AdvertisedAddress,
  topics: TopicMetadata[],
  request: MetadataRequest,
): ResponseInputOf<typeof ApiKeys.Metadata> {
  const { includeTopicAuthorizedOperations, includeClusterAuthorizedOperations } = request;
  return {
    brokers: [{ nodeId: broker.nodeId, host, port, rack: broker.rack }],
    clusterId: broker.clusterId,
    controllerId: broker.nodeId,
    topics: includeTopicAuthorizedOperations ? topics.map(withOperations) : topics,
    ...(includeClusterAuthorizedOperations && { clusterAuthorizedOperations: CLUSTER_OPERATIONS }),
    errorCode: ErrorCodes.NONE,
  };
}

function withOperations(topic: TopicMetadata): TopicMetadata {
  return topic.errorCode === ErrorCodes.UNKNOWN_TOPIC_ID
    ? topic
    : { ...topic, topicAuthorizedOperations: TOPIC_OPERATIONS };
}

/** What Kafka answers to a request that makes no sense: nothing but the error, for every topic. */
function refused(asked: readonly AskedTopic[]): ResponseInputOf<typeof ApiKeys.Metadata> {
  const topics = asked.map(({ name, topicId }) =>
    failure(name ?? '', ErrorCodes.INVALID_REQUEST, topicId),
  );
  return { brokers: [], topics, errorCode: ErrorCodes.NONE };
}

function describeNamed(
  broker: BrokerContext,
  name: string,
  mayCreate: boolean,
): TopicMetadata | Promise<TopicMetadata> {
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
    )
    .catch((error: unknown) => {
      broker.logger.error({ err: error, topic: name }, 'topic not created');
      return failure(name, ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    });
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
      offlineReplicas: topic.log(partitionIndex)?.offlineReason === undefined ? [] : nodes,
    })),
  };
}

function failure(name: string | null, errorCode: number, topicId = ZERO_UUID): TopicMetadata {
  return { errorCode, name, topicId, isInternal: false, partitions: [] };
}
