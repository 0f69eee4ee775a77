import { ErrorCodes, topicNameProblem } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import type { Refusal } from '../metadata/refusal.ts';
import { internalTopicRefusal } from '../metadata/topic-names.ts';
import { brokerTarget } from './broker-target.ts';
import { clientMetricsTarget } from './client-metrics-target.ts';
import {
  changedConfigs,
  isRefused,
  refusal,
  replacedConfigs,
  RESOURCE_TYPES,
  type ConfigChange,
  type ConfigTarget,
  type DescribedConfig,
} from './config-target.ts';
import { groupTarget } from './group-target.ts';
import { changeLogLevel, describeLoggers, loggersProblem } from './logger-target.ts';
import { topicTarget } from './topic-target.ts';

export interface ResourceId {
  readonly resourceType: number;
  readonly resourceName: string;
}

const { INVALID_REQUEST } = ErrorCodes;

/** The configs of a resource, or why they cannot be told (Kafka: `ConfigHelper`). */
export function describeResource(
  broker: BrokerContext,
  { resourceType, resourceName }: ResourceId,
): DescribedConfig[] | Refusal {
  const { nodeId } = broker;
  const idProblem = nodeIdProblem(resourceName, nodeId);
  switch (resourceType) {
    case RESOURCE_TYPES.topic: {
      const nameProblem = topicNameProblem(resourceName);
      if (nameProblem !== undefined) {
        return refusal(ErrorCodes.INVALID_TOPIC_EXCEPTION, nameProblem);
      }
      const topic = broker.topics.byName(resourceName);
      if (!topic) return refusal(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION, '');
      return topicTarget(broker, topic).describe();
    }
    case RESOURCE_TYPES.broker: {
      const expected = `${nodeId} or empty string,`;
      if (resourceName !== '' && idProblem) return brokerIdRefusal(resourceName, expected);
      return brokerTarget(broker, resourceName).describe();
    }
    case RESOURCE_TYPES.brokerLogger:
      if (resourceName === '') return refusal(INVALID_REQUEST, 'Broker id must not be empty');
      return idProblem ? brokerIdRefusal(resourceName, String(nodeId)) : describeLoggers(broker);
    case RESOURCE_TYPES.clientMetrics:
      return resourceName === ''
        ? refusal(INVALID_REQUEST, 'Client metrics subscription name must not be empty')
        : clientMetricsTarget(broker, resourceName).describe();
    case RESOURCE_TYPES.group:
      return resourceName === ''
        ? refusal(INVALID_REQUEST, 'Group name must not be empty')
        : groupTarget(broker, resourceName).describe();
    default:
      return refusal(INVALID_REQUEST, `Unknown resource type ${resourceType}`);
  }
}

/**
 * IncrementalAlterConfigs for one resource; undefined when it was done or, with `validateOnly`,
 * could be.
 */
export async function alterResource(
  broker: BrokerContext,
  resource: ResourceId,
  changes: readonly ConfigChange[],
  validateOnly: boolean,
): Promise<Refusal | undefined> {
  if (resource.resourceType === RESOURCE_TYPES.brokerLogger) {
    const { resourceName } = resource;
    const message = /^-?\d+$/.test(resourceName)
      ? `Unexpected node id. Expected ${broker.nodeId}, but received ${resourceName}`
      : `Node id must be an integer, but it is: ${resourceName}`;
    const isThis = nodeIdProblem(resourceName, broker.nodeId) === undefined;
    const problem = isThis ? loggersProblem(changes) : refusal(INVALID_REQUEST, message);
    if (!problem && !validateOnly) changeLogLevel(broker, changes);
    return problem;
  }
  const target = findTarget(broker, resource);
  return isRefused(target)
    ? target
    : applyTo(target, changedConfigs(target, changes), validateOnly);
}

/** AlterConfigs for one resource: what is not named goes back to its default. */
export async function replaceResource(
  broker: BrokerContext,
  resource: ResourceId,
  configs: readonly { readonly name: string; readonly value: string | null }[],
  validateOnly: boolean,
): Promise<Refusal | undefined> {
  const target = findTarget(broker, resource);
  return isRefused(target)
    ? target
    : applyTo(target, replacedConfigs(target, configs), validateOnly);
}

async function applyTo(
  target: ConfigTarget,
  values: ReadonlyMap<string, string> | Refusal,
  validateOnly: boolean,
): Promise<Refusal | undefined> {
  if (isRefused(values)) return values;
  if (!validateOnly) await target.apply(values);
  return undefined;
}

function findTarget(
  broker: BrokerContext,
  { resourceType, resourceName }: ResourceId,
): ConfigTarget | Refusal {
  switch (resourceType) {
    case RESOURCE_TYPES.topic: {
      if (resourceName === '') {
        return refusal(INVALID_REQUEST, 'Default topic resources are not allowed.');
      }
      const nameProblem = topicNameProblem(resourceName);
      if (nameProblem !== undefined) {
        return refusal(ErrorCodes.INVALID_TOPIC_EXCEPTION, nameProblem);
      }
      const topic = broker.topics.byName(resourceName);
      if (topic) return internalTopicRefusal(resourceName) ?? topicTarget(broker, topic);
      const message = `The topic '${resourceName}' does not exist.`;
      return refusal(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION, message);
    }
    case RESOURCE_TYPES.broker: {
      const problem = resourceName === '' ? undefined : nodeIdProblem(resourceName, broker.nodeId);
      return problem ? refusal(INVALID_REQUEST, problem) : brokerTarget(broker, resourceName);
    }
    case RESOURCE_TYPES.clientMetrics:
      return resourceName === ''
        ? refusal(INVALID_REQUEST, "Subscription name can't be empty")
        : clientMetricsTarget(broker, resourceName);
    case RESOURCE_TYPES.group:
      return resourceName === ''
        ? refusal(INVALID_REQUEST, 'Default group resources are not allowed.')
        : groupTarget(broker, resourceName);
    default:
      return refusal(INVALID_REQUEST, `Unknown resource type ${resourceType}`);
  }
}

function nodeIdProblem(resourceName: string, nodeId: number): string | undefined {
  if (!/^-?\d+$/.test(resourceName)) {
    return `Node id must be an integer, but it is: ${resourceName}`;
  }
  return Number(resourceName) === nodeId
    ? undefined
    : `Unexpected broker id, expected ${nodeId}, but received ${resourceName}`;
}

function brokerIdRefusal(resourceName: string, expected: string): Refusal {
  return /^-?\d+$/.test(resourceName)
    ? refusal(
        INVALID_REQUEST,
        `Unexpected broker id, expected ${expected} but received ${resourceName}`,
      )
    : refusal(INVALID_REQUEST, `Broker id must be an integer, but it is: ${resourceName}`);
}
