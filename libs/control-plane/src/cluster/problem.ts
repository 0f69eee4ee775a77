/**
 * Outcomes that a caller has to expect, as values. `code` is stable; `message` is for people and
 * says what is allowed.
 */
export interface Problem {
  readonly kind: string;
  readonly code: string;
  readonly message: string;
}

export interface InvalidInput extends Problem {
  readonly kind: 'invalid-input';
  readonly code: 'INVALID_INPUT';
  readonly field: string;
}

export interface TopicNotFound extends Problem {
  readonly kind: 'topic-not-found';
  readonly code: 'TOPIC_NOT_FOUND';
  readonly name: string;
}

export interface TopicExists extends Problem {
  readonly kind: 'topic-exists';
  readonly code: 'TOPIC_EXISTS';
  readonly name: string;
}

export interface BrokerRefused extends Problem {
  readonly kind: 'broker-refused';
  readonly code: 'BROKER_REFUSED';
  readonly kafkaError: string;
}

export function invalidInput(field: string, message: string): InvalidInput {
  return { kind: 'invalid-input', code: 'INVALID_INPUT', field, message };
}

export function topicNotFound(name: string): TopicNotFound {
  return {
    kind: 'topic-not-found',
    code: 'TOPIC_NOT_FOUND',
    name,
    message: `There is no topic "${name}".`,
  };
}

export function topicExists(name: string): TopicExists {
  return {
    kind: 'topic-exists',
    code: 'TOPIC_EXISTS',
    name,
    message: `There is a topic "${name}" already.`,
  };
}

export function brokerRefused(kafkaError: string, message: string): BrokerRefused {
  return { kind: 'broker-refused', code: 'BROKER_REFUSED', kafkaError, message };
}
