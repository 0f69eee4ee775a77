import type { KafkaPort } from './runtime-ports.ts';
import { hasKafkaError } from './kafka-errors.ts';

/** The broker's own defaults (KIP-464). */
const BROKER_DEFAULT = -1;

/** Creates those of these topics that do not exist, with the broker's default settings. */
export async function createMissingTopics(
  kafka: KafkaPort,
  topics: readonly string[],
): Promise<string[]> {
  const existing = new Set(await kafka.admin().listTopics());
  const missing = [...new Set(topics)].filter((topic) => !existing.has(topic));
  for (const topic of missing) {
    try {
      await kafka
        .admin()
        .createTopics({ topics: [topic], partitions: BROKER_DEFAULT, replicas: BROKER_DEFAULT });
    } catch (error) {
      // Another worker was first.
      if (!hasKafkaError(error, 'TOPIC_ALREADY_EXISTS')) {
        throw error;
      }
    }
  }
  return missing;
}
