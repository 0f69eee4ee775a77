import { ErrorCodes } from '@penstock/kafka-protocol';
import type { Refusal } from '../metadata/refusal.ts';
import type { ConfigSynonym } from './broker-configs.ts';
import { listElements, type ConfigDefinition, type ConfigType } from './config-definition.ts';

/** Kafka: `ConfigResource.Type`. */
export const RESOURCE_TYPES = {
  topic: 2,
  broker: 4,
  brokerLogger: 8,
  clientMetrics: 16,
  group: 32,
} as const;

/** Kafka: `AlterConfigOp.OpType`. */
export const OPERATIONS = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

export interface ConfigChange {
  readonly name: string;
  readonly operation: number;
  readonly value: string | null;
}

/** A config as DescribeConfigs shows it. */
export interface DescribedConfig {
  readonly name: string;
  readonly type: ConfigType;
  readonly documentation: string;
  /** null where there is none, and where it is secret. */
  readonly value: string | null;
  readonly source: number;
  readonly readOnly: boolean;
  readonly isSensitive: boolean;
  readonly synonyms: readonly ConfigSynonym[];
}

/** What the config APIs work on: a topic, this broker, the whole cluster, a group, … */
export interface ConfigTarget {
  /** Explicitly set values. */
  readonly explicit: ReadonlyMap<string, string>;
  describe(): DescribedConfig[];
  /** What is known of a config of this name. */
  definition(name: string): ConfigDefinition | undefined;
  /** Value that APPEND and SUBTRACT start from where none is set. */
  inherited(name: string): string | null;
  /** How a list operation on what is no list is refused. */
  notAList(operation: 'append' | 'subtract', name: string): string;
  /** Why the target cannot have these values. */
  problem(values: ReadonlyMap<string, string>): Refusal | undefined;
  /** Makes the values durable, then effective. */
  apply(values: ReadonlyMap<string, string>): Promise<void>;
}

export function refusal(error: number, message: string | null): Refusal {
  return { error, message };
}

export function isRefused(outcome: object): outcome is Refusal {
  return 'error' in outcome;
}

/**
 * The values after incremental changes; the refusal of the first that cannot be made.
 * Kafka: `ConfigAdminManager.preprocess`, `ConfigurationControlManager.incrementalAlterConfig`.
 */
export function changedConfigs(
  target: ConfigTarget,
  changes: readonly ConfigChange[],
): Map<string, string> | Refusal {
  const problem = formProblem(changes);
  if (problem) return problem;
  const values = new Map(target.explicit);
  for (const { name, operation, value } of changes) {
    switch (operation) {
      case OPERATIONS.delete:
        values.delete(name);
        break;
      case OPERATIONS.set:
        values.set(name, value ?? '');
        break;
      case OPERATIONS.append:
      case OPERATIONS.subtract: {
        const isAppend = operation === OPERATIONS.append;
        if (target.definition(name)?.type !== 'list') {
          const message = target.notAList(isAppend ? 'append' : 'subtract', name);
          return refusal(ErrorCodes.INVALID_CONFIG, message);
        }
        const before = listElements(values.get(name) ?? target.inherited(name) ?? '');
        values.set(name, changedList(before, listElements(value ?? ''), isAppend).join(','));
        break;
      }
      default:
        return refusal(ErrorCodes.UNKNOWN_SERVER_ERROR, null);
    }
  }
  return target.problem(values) ?? values;
}

/** The values of AlterConfigs, which replaces all; or why they cannot be. */
export function replacedConfigs(
  target: ConfigTarget,
  configs: readonly { readonly name: string; readonly value: string | null }[],
): Map<string, string> | Refusal {
  const sets = configs.map(({ name, value }) => ({ name, operation: OPERATIONS.set, value }));
  const problem = formProblem(sets);
  if (problem) return problem;
  const values = new Map(sets.map(({ name, value }) => [name, value ?? '']));
  return target.problem(values) ?? values;
}

function formProblem(changes: readonly ConfigChange[]): Refusal | undefined {
  if (new Set(changes.map(({ name }) => name)).size < changes.length) {
    return refusal(ErrorCodes.INVALID_REQUEST, 'Error due to duplicate config keys');
  }
  const empty = changes.find(
    ({ operation, value }) => operation !== OPERATIONS.delete && value === null,
  );
  if (!empty) return undefined;
  return refusal(ErrorCodes.INVALID_REQUEST, `Null value not supported for : ${empty.name}`);
}

function changedList(before: string[], named: string[], isAppend: boolean): string[] {
  if (!isAppend) return before.filter((element) => !named.includes(element));
  return [...before, ...named.filter((element) => !before.includes(element))];
}
