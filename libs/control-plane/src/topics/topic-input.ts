import { type InvalidInput, invalidInput } from '../cluster/problem.ts';

export const TOPIC_PARTITIONS_MAX = 1_000;
const TOPIC_CONFIGS_MAX = 100;
const REPLICATION_FACTOR_MAX = 32_767;

export interface CreateTopicRequest {
  readonly name: string;
  /** Absent: the cluster's default. */
  readonly partitions?: number | null;
  readonly replicationFactor?: number | null;
  readonly configs?: readonly { readonly name: string; readonly value: string }[] | null;
}

/** Says what is wrong with a topic that is to be created; null when nothing is. */
export function checkCreateTopic(request: CreateTopicRequest): InvalidInput | null {
  const { partitions, replicationFactor, configs } = request;
  const nameProblem = checkTopicName(request.name);
  if (nameProblem !== null) {
    return invalidInput('name', nameProblem);
  }
  if (partitions != null && !isWithin(partitions, 1, TOPIC_PARTITIONS_MAX)) {
    return invalidInput('partitions', `A topic has 1 to ${TOPIC_PARTITIONS_MAX} partitions.`);
  }
  if (replicationFactor != null && !isWithin(replicationFactor, 1, REPLICATION_FACTOR_MAX)) {
    return invalidInput('replicationFactor', 'The replication factor is 1 or more.');
  }
  if (configs != null && configs.length > TOPIC_CONFIGS_MAX) {
    return invalidInput('configs', `At most ${TOPIC_CONFIGS_MAX} configurations can be given.`);
  }
  const names = (configs ?? []).map((config) => config.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    return invalidInput('configs', `The configuration "${twice}" is given twice.`);
  }
  return null;
}

/** Kafka's rule (org.apache.kafka.common.internals.Topic); null when the name is legal. */
export function checkTopicName(name: string): string | null {
  if (name === '') {
    return 'A topic needs a name.';
  }
  if (name === '.' || name === '..') {
    return 'A topic cannot be named "." or "..".';
  }
  if (name.length > 249) {
    return `A topic name has at most 249 characters; this one has ${name.length}.`;
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return 'A topic name consists of letters a-z and A-Z, digits, ".", "_" and "-".';
  }
  return null;
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}
