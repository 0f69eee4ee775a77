import { ConfigResourceTypes } from '@platformatic/kafka';
import type { KafkaPort } from './runtime-ports.ts';
import { hasKafkaError } from './kafka-errors.ts';

/** The broker's own defaults (KIP-464). */
const BROKER_DEFAULT = -1;
const SIZE_LIMIT = 'max.message.bytes';
/** How much longer a record may become in a pipeline: by the headers of a dead letter. */
const HEADERS_ROOM_BYTES = 16 * 1024;
const INT32_MAX = 2 ** 31 - 1;

/** The newest record of each key is kept, for ever. */
const COMPACTED = [{ name: 'cleanup.policy', value: 'compact' }];

/**
 * Creates those of these topics that do not exist, with the broker's default settings.
 *
 * @param options partitions null: as many as the broker gives to a topic
 */
export async function createMissingTopics(
  kafka: KafkaPort,
  topics: readonly string[],
  options: { readonly partitions?: number | null; readonly compacted?: boolean } = {},
): Promise<string[]> {
  if (topics.length === 0) return [];
  return create(kafka, await missing(kafka, topics), {
    partitions: options.partitions ?? BROKER_DEFAULT,
    configs: options.compacted === true ? COMPACTED : [],
  });
}

/**
 * Creates the missing ones of the topics that a pipeline writes to. They take records as large as
 * the sources take, plus the headers that a dead letter adds.
 *
 * @param options partitions null: as many as the source with the most of them
 */
export async function createMissingOutputs(
  kafka: KafkaPort,
  topics: readonly string[],
  sources: readonly string[],
  options: { readonly partitions?: number | null; readonly compacted?: boolean } = {},
): Promise<string[]> {
  const created = topics.length === 0 ? [] : await missing(kafka, topics);
  if (created.length === 0) {
    return [];
  }
  return create(kafka, created, {
    partitions: options.partitions ?? mostOf(await countPartitions(kafka, sources)),
    configs: [
      ...(options.compacted === true ? COMPACTED : []),
      ...(await sizeLimit(kafka, sources, 1)),
    ],
  });
}

/**
 * Creates the missing internal topics of a pipeline. What is in them is deleted by the pipeline
 * when it has been used, and never by age. A message holds its record in base64, and its value
 * besides.
 */
export async function createInternalTopics(
  kafka: KafkaPort,
  topics: readonly string[],
  sources: readonly string[],
  partitions: number | null,
): Promise<string[]> {
  const created = await missing(kafka, topics);
  if (created.length === 0) {
    return [];
  }
  const configs = [
    { name: 'cleanup.policy', value: 'delete' },
    { name: 'retention.ms', value: '-1' },
    ...(await sizeLimit(kafka, sources, 3)),
  ];
  return create(kafka, created, {
    partitions: partitions ?? mostOf(await countPartitions(kafka, sources)),
    configs,
  });
}

/** The number of partitions of each topic that exists. */
export async function countPartitions(
  kafka: KafkaPort,
  topics: readonly string[],
): Promise<Map<string, number>> {
  const metadata = await kafka.admin().metadata({ topics: [...topics], forceUpdate: true });
  return new Map(
    [...metadata.topics].map(([topic, { partitionsCount }]) => [topic, partitionsCount]),
  );
}

function mostOf(counts: ReadonlyMap<string, number>): number {
  return counts.size === 0 ? BROKER_DEFAULT : Math.max(...counts.values());
}

async function sizeLimit(
  kafka: KafkaPort,
  sources: readonly string[],
  times: number,
): Promise<{ name: string; value: string }[]> {
  const limits = [...(await readSizeLimits(kafka, sources)).values()];
  if (limits.length === 0) {
    return [];
  }
  const bytes = Math.min(times * Math.max(...limits) + HEADERS_ROOM_BYTES, INT32_MAX);
  return [{ name: SIZE_LIMIT, value: String(bytes) }];
}

/**
 * The largest record batch that each topic takes, in bytes (its effective `max.message.bytes`).
 * Empty where the cluster does not answer this: the limits are then found when a record is refused.
 */
export async function readSizeLimits(
  kafka: KafkaPort,
  topics: readonly string[],
): Promise<Map<string, number>> {
  try {
    const described = await kafka.admin().describeConfigs({
      resources: topics.map((resourceName) => ({
        resourceType: ConfigResourceTypes.TOPIC,
        resourceName,
        configurationKeys: [SIZE_LIMIT],
      })),
    });
    return new Map(
      described.flatMap(({ resourceName, configs }) => {
        const bytes = Number(configs.find(({ name }) => name === SIZE_LIMIT)?.value);
        return bytes > 0 ? [[resourceName, bytes] as const] : [];
      }),
    );
  } catch (error) {
    if (
      hasKafkaError(error, 'TOPIC_AUTHORIZATION_FAILED') ||
      hasKafkaError(error, 'CLUSTER_AUTHORIZATION_FAILED') ||
      hasKafkaError(error, 'UNKNOWN_TOPIC_OR_PARTITION')
    ) {
      return new Map();
    }
    throw error;
  }
}

async function missing(kafka: KafkaPort, topics: readonly string[]): Promise<string[]> {
  const existing = new Set(await kafka.admin().listTopics());
  return [...new Set(topics)].filter((topic) => !existing.has(topic));
}

async function create(
  kafka: KafkaPort,
  topics: readonly string[],
  {
    partitions,
    configs,
  }: {
    readonly partitions: number;
    readonly configs: readonly { readonly name: string; readonly value: string }[];
  },
): Promise<string[]> {
  for (const topic of topics) {
    try {
      await kafka.admin().createTopics({
        topics: [topic],
        partitions,
        replicas: BROKER_DEFAULT,
        configs: [...configs],
      });
    } catch (error) {
      // Another worker created it first.
      if (!hasKafkaError(error, 'TOPIC_ALREADY_EXISTS')) {
        throw error;
      }
    }
  }
  return [...topics];
}
