import { ApiKeys, errorName } from '@penstock/kafka-protocol';
import type { Random } from '@penstock/kafka-log/faults';
import { Register, Violation } from '@penstock/kafka-log/faults';
import { PartitionCount, type TopicLedger } from './broker-ledger.ts';
import type { BrokerWorld } from './broker-world.ts';
import { Unanswered, type ProtocolClient } from './protocol-client.ts';

const CONFIG = 'max.message.bytes';
/** Describe configs of a topic: Kafka's resource type. */
const TOPIC_RESOURCE = 2;
const SET = 0;
/** Room for a few of the batches that producers send. */
const SMALL_SEGMENTS = { name: 'internal.segment.bytes', value: '3000' };

export interface AdminWeights {
  readonly look: number;
  readonly create: number;
  readonly delete: number;
  readonly grow: number;
  readonly configure: number;
  readonly describe: number;
  readonly deleteRecords: number;
}

/** An administrator: creates, deletes, grows and configures topics, and looks at what is there. */
export class AdminActor {
  readonly #world: BrokerWorld;
  readonly #random: Random;
  readonly #names: readonly string[];
  readonly #partitionsMax: number;
  readonly #pauseMs: number;
  readonly #weights: AdminWeights;
  #client: ProtocolClient | undefined;

  constructor(
    world: BrokerWorld,
    options: {
      random: Random;
      names: readonly string[];
      partitionsMax: number;
      /** Between two requests, at most. */
      pauseMs: number;
      weights: AdminWeights;
    },
  ) {
    this.#world = world;
    this.#random = options.random;
    this.#names = options.names;
    this.#partitionsMax = options.partitionsMax;
    this.#pauseMs = options.pauseMs;
    this.#weights = options.weights;
  }

  async run(): Promise<void> {
    while (!this.#world.isEnding) {
      if (this.#client?.isOpen !== true) this.#client = this.#world.client();
      try {
        await this.#step(this.#client);
      } catch (error) {
        if (!(error instanceof Unanswered)) this.#world.fail(error);
        await this.#world.sleep(50);
      }
      await this.#world.sleep(this.#random.below(this.#pauseMs));
    }
    this.#client?.close();
  }

  async #step(client: ProtocolClient): Promise<void> {
    const topic = this.#world.ledger.topic(this.#random.pick(this.#names));
    const mayBeThere = topic.register.possible().some(({ exists }) => exists);
    if (!mayBeThere) return this.#create(client, topic);
    if (topic.knownId === undefined) return look(this.#world, client, topic);
    switch (this.#random.weighted({ ...this.#weights })) {
      case 'look':
        return look(this.#world, client, topic);
      case 'create':
        return this.#create(client, topic);
      case 'delete':
        return this.#delete(client, topic);
      case 'grow':
        return this.#grow(client, topic);
      case 'configure':
        return this.#configure(client, topic);
      case 'describe':
        return describe(this.#world, client, topic);
      case 'deleteRecords':
        return this.#deleteRecords(client, topic);
    }
  }

  async #create(client: ProtocolClient, topic: TopicLedger): Promise<void> {
    const random = this.#random;
    const isCompacted = random.chance(0.3);
    const isTrimmed = !isCompacted && random.chance(0.2);
    topic.isCompacted ||= isCompacted;
    topic.isTrimmed ||= isTrimmed;
    const numPartitions = 1 + random.below(this.#partitionsMax);
    const configs = [
      // Segments end within a schedule by their age, and those of compacted topics by their size
      // too.
      { name: 'segment.ms', value: String(random.pick([100, 1000, 3_600_000])) },
      { name: CONFIG, value: '900000' },
      ...(isCompacted ? [{ name: 'cleanup.policy', value: 'compact' }, SMALL_SEGMENTS] : []),
      ...(isTrimmed ? [{ name: 'retention.bytes', value: '2000' }] : []),
    ];
    const write = topic.register.write({ exists: true, id: undefined });
    topic.version++;
    const { version, changes } = topic;
    const request = client.request(ApiKeys.CreateTopics, 7, {
      topics: [{ name: topic.name, numPartitions, replicationFactor: 1, assignments: [], configs }],
      timeoutMs: 3000,
      validateOnly: false,
    });
    const answer = await request.catch((error: unknown) => {
      topic.changeHands();
      throw error;
    });
    const { errorCode, topicId } = answer.topics[0]!;
    const error = errorName(errorCode);
    this.#world.trace.add(`create ${topic.name}: ${error} ${topicId}`);
    if (error === 'TOPIC_ALREADY_EXISTS') {
      write.refuse();
      topic.version++;
      return;
    }
    // If another administrator was at work, it is not known which topic has this name now, nor
    // which one was changed by name.
    const wasAlone = topic.version === version && topic.isUnchangedSince(changes);
    topic.changeHands();
    if (error !== 'NONE') {
      this.#mustBeInternal(error);
      return;
    }
    write.acknowledge({ exists: true, id: topicId });
    if (!wasAlone) return;
    topic.knownId = topicId;
    topic.partitions = new PartitionCount(topicId, numPartitions);
    topic.maxMessageBytes = new Register(`${topicId}'s ${CONFIG}`, '900000');
  }

  async #delete(client: ProtocolClient, topic: TopicLedger): Promise<void> {
    const write = topic.register.write({ exists: false, id: undefined });
    const offsets = this.#world.ledger.forgetOffsets(topic.name);
    topic.changeHands();
    try {
      const answer = await client.request(ApiKeys.DeleteTopics, 1 + this.#random.below(5), {
        topicNames: [topic.name],
        timeoutMs: 3000,
      });
      const error = errorName(answer.responses[0]!.errorCode);
      this.#world.trace.add(`delete ${topic.name}: ${error}`);
      if (error === 'NONE') {
        write.acknowledge();
        offsets.acknowledge();
        return;
      }
      if (error !== 'UNKNOWN_TOPIC_OR_PARTITION') this.#mustBeInternal(error);
    } finally {
      topic.changeHands();
    }
  }

  async #grow(client: ProtocolClient, topic: TopicLedger): Promise<void> {
    const { partitions } = topic;
    if (partitions === undefined) return;
    const count = 1 + this.#random.below(this.#partitionsMax);
    if (count <= partitions.atLeast) return;
    const write = partitions.grow(count);
    const request = client.request(ApiKeys.CreatePartitions, this.#random.below(4), {
      topics: [{ name: topic.name, count, assignments: null }],
      timeoutMs: 3000,
      validateOnly: false,
    });
    const answer = await topic.change(request);
    const error = errorName(answer.results[0]!.errorCode);
    this.#world.trace.add(`grow ${topic.name} to ${count}: ${error}`);
    if (error === 'NONE') write.acknowledge();
    else if (error === 'INVALID_PARTITIONS') write.refuse();
    else this.#mustBeInternal(error);
  }

  async #configure(client: ProtocolClient, topic: TopicLedger): Promise<void> {
    const { maxMessageBytes } = topic;
    if (maxMessageBytes === undefined) return;
    const value = String(900_000 + this.#random.below(100_000));
    const write = maxMessageBytes.write(value);
    const request = client.request(ApiKeys.IncrementalAlterConfigs, this.#random.below(2), {
      resources: [
        {
          resourceType: TOPIC_RESOURCE,
          resourceName: topic.name,
          configs: [{ name: CONFIG, configOperation: SET, value }],
        },
      ],
      validateOnly: false,
    });
    const answer = await topic.change(request);
    const error = errorName(answer.responses[0]!.errorCode);
    this.#world.trace.add(`set ${CONFIG} of ${topic.name} to ${value}: ${error}`);
    if (error === 'NONE') write.acknowledge();
    else this.#mustBeInternal(error);
  }

  async #deleteRecords(client: ProtocolClient, topic: TopicLedger): Promise<void> {
    const { ledger, trace } = this.#world;
    const { knownId: id, version } = topic;
    if (id === undefined || topic.isCompacted) return;
    const partition = this.#random.below(this.#partitionsMax);
    const checker = ledger.checker(topic, id, partition);
    const offset = this.#random.below(checker.visibleEnd + 1);
    ledger.allowStart(topic.name, partition, offset);
    const answer = await client.request(ApiKeys.DeleteRecords, this.#random.below(3), {
      topics: [{ name: topic.name, partitions: [{ partitionIndex: partition, offset }] }],
      timeoutMs: 3000,
    });
    const { errorCode, lowWatermark } = answer.topics[0]!.partitions[0]!;
    trace.add(
      `delete records of ${topic.name}-${partition} before ${offset}: ${errorName(errorCode)} ${lowWatermark}`,
    );
    if (errorCode === 0 && topic.isStill(version)) checker.acknowledgeStart(lowWatermark);
  }

  #mustBeInternal(error: string): void {
    if (INTERNAL.has(error)) return;
    throw new Violation(`the administrator was refused: ${error}`);
  }
}

/** What a broker may say when its database fails, or when the topic is just being changed. */
const INTERNAL = new Set([
  'UNKNOWN_SERVER_ERROR',
  'KAFKA_STORAGE_ERROR',
  'COORDINATOR_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'REQUEST_TIMED_OUT',
  'INVALID_PARTITIONS',
]);

/** Reads whether a topic is there, and with how many partitions, and checks both. */
export async function look(
  world: BrokerWorld,
  client: ProtocolClient,
  topic: TopicLedger,
): Promise<void> {
  const begun = topic.register.begin();
  const { version, partitions } = topic;
  const begunPartitions = partitions?.begin();
  const answer = await client.request(ApiKeys.Metadata, 10 + world.random.below(3), {
    topics: [{ name: topic.name, topicId: '00000000-0000-0000-0000-000000000000' }],
    allowAutoTopicCreation: false,
    includeTopicAuthorizedOperations: false,
  });
  const found = answer.topics[0]!;
  const exists = found.errorCode === 0;
  const id = exists ? found.topicId : undefined;
  world.trace.add(
    `look at ${topic.name}: ${exists ? `${id}, ${found.partitions.length}` : 'gone'}`,
  );
  topic.register.read({ exists, id }, begun);
  if (topic.version === version) {
    // The topic was replaced without the ledger knowing: requests by name under way may mean
    // either.
    if (topic.knownId !== undefined && topic.knownId !== id) topic.version++;
    topic.knownId = id;
  }
  if (exists && begunPartitions !== undefined && partitions === topic.partitions) {
    partitions?.read(found.partitions.length, begunPartitions);
  }
}

/** Reads a config of a topic and checks it. */
export async function describe(
  world: BrokerWorld,
  client: ProtocolClient,
  topic: TopicLedger,
): Promise<void> {
  const { maxMessageBytes } = topic;
  if (maxMessageBytes === undefined) return;
  const begun = maxMessageBytes.begin();
  const answer = await client.request(ApiKeys.DescribeConfigs, 1 + world.random.below(4), {
    resources: [
      { resourceType: TOPIC_RESOURCE, resourceName: topic.name, configurationKeys: [CONFIG] },
    ],
    includeSynonyms: false,
    includeDocumentation: false,
  });
  const [result] = answer.results;
  const value = result?.configs.find(({ name }) => name === CONFIG)?.value;
  if (result?.errorCode !== 0 || maxMessageBytes !== topic.maxMessageBytes) return;
  maxMessageBytes.read(value ?? 'nothing', begun);
}
