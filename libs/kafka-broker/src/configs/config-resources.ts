import { ErrorCodes } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import type { Refusal, Topic } from '../metadata/topic-catalog.ts';
import { BROKER_CONFIGS } from './broker-config-table.ts';
import { configProblem, listElements, type ConfigDefinition } from './config-definition.ts';
import { TOPIC_CONFIGS } from './topic-config-table.ts';
import { topicConfigsProblem, topicConfigValue } from './topic-configs.ts';

/** Kafka: `ConfigResource.Type`. */
export const RESOURCE_TYPES = { topic: 2, broker: 4 } as const;

/** Kafka: `AlterConfigOp.OpType`. */
export const OPERATIONS = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

export interface ConfigChange {
  readonly name: string;
  readonly operation: number;
  readonly value: string | null;
}

/** What the config APIs work on: a topic or this broker. */
export interface ConfigTarget {
  /** Explicitly set values. */
  readonly explicit: ReadonlyMap<string, string>;
  definition(name: string): ConfigDefinition | undefined;
  /** The value that counts now; list operations start from it. */
  current(definition: ConfigDefinition): string | null;
  /** Why the target cannot have these values. */
  problem(values: ReadonlyMap<string, string>): string | undefined;
  /** Makes the values durable, then effective. */
  apply(values: ReadonlyMap<string, string>): Promise<void>;
}

/** Finds what a config request names, or says why it cannot be changed. */
export function findConfigTarget(
  broker: BrokerContext,
  resourceType: number,
  resourceName: string,
): ConfigTarget | Refusal {
  if (resourceType === RESOURCE_TYPES.topic) {
    const topic = broker.topics.byName(resourceName);
    if (topic) return topicTarget(broker, topic);
    const message = `The topic '${resourceName}' does not exist.`;
    return { error: ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION, message };
  }
  if (resourceType === RESOURCE_TYPES.broker) {
    // The cluster-wide default and this broker's own value are the same thing on one node.
    if (resourceName === '' || resourceName === String(broker.nodeId)) return brokerTarget(broker);
    const message = `Unexpected broker id, expected ${broker.nodeId}, but received ${resourceName}`;
    return { error: ErrorCodes.INVALID_REQUEST, message };
  }
  return { error: ErrorCodes.INVALID_REQUEST, message: `Unknown resource type ${resourceType}.` };
}

/** The values after the changes; the refusal of the first change that cannot be made. */
export function changedConfigs(
  target: ConfigTarget,
  changes: readonly ConfigChange[],
): Map<string, string> | Refusal {
  const values = new Map(target.explicit);
  const seen = new Set<string>();
  for (const { name, operation, value } of changes) {
    const invalid = (message: string, error: number = ErrorCodes.INVALID_CONFIG) => ({
      error,
      message,
    });
    if (seen.has(name)) {
      return invalid(`Duplicate config ${name}.`, ErrorCodes.INVALID_REQUEST);
    }
    seen.add(name);
    const definition = target.definition(name);
    if (!definition) return invalid(`Unknown topic config name: ${name}`);
    if (operation === OPERATIONS.delete) {
      values.delete(name);
      continue;
    }
    if (value === null) return invalid(`Null value not supported for : ${name}`);
    if (operation === OPERATIONS.set) {
      values.set(name, value);
    } else if (operation === OPERATIONS.append || operation === OPERATIONS.subtract) {
      if (definition.type !== 'list') {
        return invalid(`Config value append is not allowed for config key: ${name}`);
      }
      const before = listElements(values.get(name) ?? target.current(definition) ?? '');
      const named = listElements(value);
      const after =
        operation === OPERATIONS.append
          ? [...before, ...named.filter((element) => !before.includes(element))]
          : before.filter((element) => !named.includes(element));
      values.set(name, after.join(','));
    } else {
      return invalid(`Unknown operation type ${operation}.`, ErrorCodes.INVALID_REQUEST);
    }
  }
  const problem = target.problem(values);
  return problem === undefined ? values : { error: ErrorCodes.INVALID_CONFIG, message: problem };
}

function topicTarget(broker: BrokerContext, topic: Topic): ConfigTarget {
  return {
    explicit: topic.configs,
    definition: (name) => TOPIC_CONFIGS.get(name),
    current: ({ name }) => {
      const definition = TOPIC_CONFIGS.get(name);
      return definition ? topicConfigValue(definition, topic.configs, broker.configs).value : null;
    },
    problem: topicConfigsProblem,
    apply: (values) => broker.topics.setConfigs(topic, values),
  };
}

function brokerTarget(broker: BrokerContext): ConfigTarget {
  const { configs } = broker;
  return {
    explicit: configs.dynamic,
    definition: (name) => BROKER_CONFIGS.get(name),
    current: ({ name }) => configs.value(name),
    problem(values) {
      for (const [name, value] of values) {
        const definition = BROKER_CONFIGS.get(name);
        if (!definition?.isDynamic) return `Cannot update these configs dynamically: Set(${name})`;
        const problem = configProblem(definition, value);
        if (problem !== undefined) return problem;
      }
      return undefined;
    },
    async apply(values) {
      await broker.store.setBrokerConfigs(values);
      configs.setDynamic(values);
      broker.topics.applyBrokerConfigs();
    },
  };
}
