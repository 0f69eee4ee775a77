import { ErrorCodes, isInternalTopic } from '@penstock/kafka-protocol';
import type { Refusal } from './refusal.ts';

/**
 * Names that differ only in '.' and '_' collide, because Kafka's metrics cannot tell them apart.
 */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_');
}

/**
 * Why clients cannot create, change or delete this topic. This broker keeps in the metadata store
 * what Apache Kafka keeps in internal topics: these do not exist here, and their names are
 * reserved.
 */
export function internalTopicRefusal(name: string): Refusal | undefined {
  if (!isInternalTopic(name)) return undefined;
  const message = `${name} is an internal topic: clients cannot create, change or delete it.`;
  return { error: ErrorCodes.INVALID_TOPIC_EXCEPTION, message };
}
