import { isInternalTopic, topicNameProblem } from '@penstock/kafka-protocol';
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

/** Why clients cannot write to a topic of this name, or create it; null when they can. */
export function checkTopicName(name: string): string | null {
  const problem = topicNameProblem(name);
  if (problem !== undefined) {
    return problem;
  }
  return isInternalTopic(name) ? `${name} is an internal topic: only brokers write to it.` : null;
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}
