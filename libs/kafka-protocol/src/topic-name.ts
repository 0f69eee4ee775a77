const NAME_LENGTH_MAX = 249;

/**
 * Why this cannot be a topic's name, in Kafka's words (`Topic.validate`); undefined when it can.
 */
export function topicNameProblem(name: string): string | undefined {
  if (name === '') return 'Topic name is invalid: the empty string is not allowed';
  if (name === '.' || name === '..') return `Topic name is invalid: '${name}' is not allowed`;
  if (name.length > NAME_LENGTH_MAX) {
    return `Topic name is invalid: the length of '${name}' is longer than the max allowed length ${NAME_LENGTH_MAX}`;
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `Topic name is invalid: '${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`;
  }
  return undefined;
}

/**
 * Names under which brokers keep their own state (Kafka: `Topic.INTERNAL_TOPICS`,
 * `__cluster_metadata`).
 */
const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  '__cluster_metadata',
  '__consumer_offsets',
  '__share_group_state',
  '__transaction_state',
]);

/** Whether only brokers write to a topic of this name. */
export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name);
}
