import { ConfigResourceTypes } from '@platformatic/kafka';
import type { KafkaPort } from './runtime-ports.ts';
import { hasKafkaError } from './kafka-errors.ts';

/** The broker's own defaults (KIP-464). */
const BROKER_DEFAULT = -1;
const SIZE_LIMIT = 'max.message.bytes';
/** How much longer a record may become in a pipeline: by the headers of a dead letter. */
const HEADERS_ROOM_BYTES = 16 * 1024;
const INT32_MAX = 2 ** 31 - 1;

/** Creates those of these topics that do not exist, with the broker's default settings. */
export async function createMissingTopics(
  kafka: KafkaPort,
  topics: readonly string[],
): Promise<string[]> {
  return create(kafka, await missing(kafka, topics), []);
}

/**
 * Creates the missing ones of the topics that a pipeline writes to. They take records as large as
 * the sources take, plus the headers that a dead letter adds.
 */
export async function createMissingOutputs(
  kafka: KafkaPort,
  topics: readonly string[],
  sources: readonly string[],
): Promise<string[]> {
  const created = await missing(kafka, topics);
  if (created.length === 0) {
    return [];
  }
  const limits = [...(await readSizeLimits(kafka, sources)).values()];
  const bytes = Math.min(Math.max(...limits) + HEADERS_ROOM_BYTES, INT32_MAX);
  const configs = limits.length === 0 ? [] : [{ name: SIZE_LIMIT, value: String(bytes) }];
  return create(kafka, created, configs);
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
  configs: readonly { name: string; value: string }[],
): Promise<string[]> {
  for (const topic of topics) {
    try {
      await kafka.admin().createTopics({
        topics: [topic],
        partitions: BROKER_DEFAULT,
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
