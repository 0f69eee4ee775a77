const NAME_LENGTH_MAX = 249;

/** Why this cannot be a topic's name, in Kafka's words (`Topic.validate`); undefined when it can. */
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

/** Names that differ only in '.' and '_' collide, because Kafka's metrics cannot tell them apart. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_');
}
