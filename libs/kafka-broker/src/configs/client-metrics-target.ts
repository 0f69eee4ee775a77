import { ErrorCodes } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import {
  CONFIG_SOURCES,
  configProblem,
  listElements,
  type ConfigDefinition,
} from './config-definition.ts';
import { refusal, RESOURCE_TYPES, type ConfigTarget } from './config-target.ts';

const DEFINITIONS: readonly ConfigDefinition[] = [
  {
    name: 'interval.ms',
    type: 'int',
    defaultValue: '300000',
    documentation: 'How often a client would send its metrics.',
  },
  {
    name: 'match',
    type: 'list',
    defaultValue: '',
    documentation: 'Which clients are meant, as name=pattern with commas.',
  },
  {
    name: 'metrics',
    type: 'list',
    defaultValue: '',
    documentation: 'Beginnings of the names of the metrics that are wanted.',
  },
];

const BY_NAME = new Map(DEFINITIONS.map((definition) => [definition.name, definition]));

/**
 * A subscription to client metrics (KIP-714): kept and described as in Kafka without a receiver of
 * telemetry, where clients are not asked either.
 */
export function clientMetricsTarget(broker: BrokerContext, subscription: string): ConfigTarget {
  const { alteredConfigs } = broker;
  const explicit = alteredConfigs.of(RESOURCE_TYPES.clientMetrics, subscription);
  return {
    explicit,
    describe: () =>
      DEFINITIONS.map(({ name, type, documentation, defaultValue }) => {
        const value = explicit.get(name);
        const source = value === undefined ? CONFIG_SOURCES.default : CONFIG_SOURCES.clientMetrics;
        return {
          ...{ name, type, documentation, source },
          value: value ?? defaultValue,
          readOnly: false,
          isSensitive: false,
          synonyms: value === undefined ? [] : [{ name, value, source }],
        };
      }),
    // Kafka's controller does not know these for lists.
    definition: () => undefined,
    inherited: () => null,
    notAList: (operation, name) =>
      `Can't ${operation.toUpperCase()} to key ${name} because its type is not LIST.`,
    problem: subscriptionProblem,
    apply: (values) => alteredConfigs.set(RESOURCE_TYPES.clientMetrics, subscription, values),
  };
}

const INTERVAL_MS_MIN = 100;
const INTERVAL_MS_MAX = 3_600_000;

const MATCHABLE = new Set([
  'client_id',
  'client_instance_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
]);

function subscriptionProblem(values: ReadonlyMap<string, string>) {
  for (const [name, value] of values) {
    const definition = BY_NAME.get(name);
    if (!definition) {
      const message = `Unknown client metrics configuration: ${name}`;
      return refusal(ErrorCodes.INVALID_REQUEST, message);
    }
    const problem = configProblem(definition, value);
    if (problem !== undefined) return refusal(ErrorCodes.INVALID_REQUEST, problem);
    const interval = Number(value);
    if (name === 'interval.ms' && !(interval >= INTERVAL_MS_MIN && interval <= INTERVAL_MS_MAX)) {
      const message = `Invalid value ${value} for interval.ms, interval must be between ${INTERVAL_MS_MIN} and ${INTERVAL_MS_MAX} (1 hour)`;
      return refusal(ErrorCodes.INVALID_REQUEST, message);
    }
    const bad = name === 'match' ? listElements(value).find((each) => !isPattern(each)) : undefined;
    if (bad !== undefined) {
      return refusal(ErrorCodes.INVALID_CONFIG, `Illegal client matching pattern: ${bad}`);
    }
  }
  return undefined;
}

function isPattern(text: string): boolean {
  const [name = '', pattern] = text.split('=');
  if (!MATCHABLE.has(name.trim()) || pattern === undefined) return false;
  try {
    return new RegExp(pattern.trim()).source !== '';
  } catch {
    return false;
  }
}
