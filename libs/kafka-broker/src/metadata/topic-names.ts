import { ErrorCodes, isInternalTopic } from '@penstock/kafka-protocol';
import type { Refusal } from './refusal.ts';

/**
 * Names that differ only in '.' and '_' collide, because Kafka's metrics cannot tell them apart.
 */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_');
}

/**
 * Why this topic cannot be made, changed or removed by clients. What Apache Kafka keeps in its
 * internal topics is in the metadata store here, so there are none, and none of these names may be
 * another's.
 */
export function internalTopicRefusal(name: string): Refusal | undefined {
  if (!isInternalTopic(name)) return undefined;
  const message = `${name} is an internal topic: clients cannot create, change or delete it.`;
  return { error: ErrorCodes.INVALID_TOPIC_EXCEPTION, message };
}
