import { ErrorCodes } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import type { BrokerConfigs, ConfigSynonym } from './broker-configs.ts';
import {
  CONFIG_SOURCES,
  configNumber,
  configProblem,
  type ConfigDefinition,
  type ConfigLimits,
  type ConfigType,
} from './config-definition.ts';
import {
  refusal,
  RESOURCE_TYPES,
  type ConfigTarget,
  type DescribedConfig,
} from './config-target.ts';

interface GroupConfigDefinition extends ConfigDefinition {
  /** Setting of the broker that gives the default. */
  readonly synonym: string | null;
  /** Settings of the broker that bound the value. */
  readonly atLeast?: string;
  readonly atMost?: string;
}

type Row = readonly [name: string, type: ConfigType, defaultValue: string, limits?: ConfigLimits];

const ROWS: readonly Row[] = [
  ['consumer.assignment.interval.ms', 'int', '1000', { min: 0 }],
  ['consumer.heartbeat.interval.ms', 'int', '5000', { min: 1 }],
  ['consumer.session.timeout.ms', 'int', '45000', { min: 1 }],
  ['share.assignment.interval.ms', 'int', '1000', { min: 0 }],
  ['share.auto.offset.reset', 'string', 'latest', { form: 'offsetReset' }],
  ['share.delivery.count.limit', 'int', '5', { min: 2 }],
  ['share.heartbeat.interval.ms', 'int', '5000', { min: 1 }],
  [
    'share.isolation.level',
    'string',
    'read_uncommitted',
    { values: ['read_committed', 'read_uncommitted'] },
  ],
  ['share.partition.max.record.locks', 'int', '2000', { min: 100 }],
  ['share.record.lock.duration.ms', 'int', '30000', { min: 1000 }],
  ['share.renew.acknowledge.enable', 'boolean', 'true'],
  ['share.session.timeout.ms', 'int', '45000', { min: 1 }],
  ['streams.assignment.interval.ms', 'int', '1000', { min: 0 }],
  ['streams.heartbeat.interval.ms', 'int', '5000', { min: 1 }],
  ['streams.initial.rebalance.delay.ms', 'int', '3000', { min: 0 }],
  ['streams.num.standby.replicas', 'int', '0', { min: 0 }],
  ['streams.session.timeout.ms', 'int', '45000', { min: 1 }],
];

const WITHOUT_SETTING = new Set([
  'share.auto.offset.reset',
  'share.isolation.level',
  'share.renew.acknowledge.enable',
]);
const BOUNDED_ABOVE_ONLY = new Set(['streams.num.standby.replicas']);
const UNBOUNDED = new Set(['streams.initial.rebalance.delay.ms']);

/**
 * The group configs of group protocols that are not built: kept and described as in Kafka
 * (`GroupConfig`), so that tools can set them.
 */
const GROUP_CONFIGS: ReadonlyMap<string, GroupConfigDefinition> = new Map(
  ROWS.map(([name, type, defaultValue, limits]) => [
    name,
    definitionOf(name, type, defaultValue, limits),
  ]),
);

function definitionOf(
  name: string,
  type: ConfigType,
  defaultValue: string,
  limits: ConfigLimits = {},
): GroupConfigDefinition {
  const documentation = 'Kept for groups of a protocol that this broker does not offer.';
  const base = { name, type, defaultValue, documentation, ...limits };
  if (WITHOUT_SETTING.has(name)) return { ...base, synonym: null };
  // share.x.y is bounded by group.share.min.x.y and group.share.max.x.y
  const [kind = '', ...rest] = name.split('.');
  const bound = (which: string): string =>
    `group.${kind}.${which}.${rest.join('.').replace(/^num\./, '')}`;
  return {
    ...base,
    synonym: `group.${name}`,
    ...(!UNBOUNDED.has(name) && { atMost: bound('max') }),
    ...(!UNBOUNDED.has(name) && !BOUNDED_ABOVE_ONLY.has(name) && { atLeast: bound('min') }),
  };
}

export function groupTarget(broker: BrokerContext, groupId: string): ConfigTarget {
  const { configs, alteredConfigs } = broker;
  const explicit = alteredConfigs.of(RESOURCE_TYPES.group, groupId);
  return {
    explicit,
    describe: () =>
      [...GROUP_CONFIGS.values()].map((definition) => describe(definition, explicit, configs)),
    definition: (name) => GROUP_CONFIGS.get(name),
    inherited: () => null,
    notAList: (operation, name) =>
      `Can't ${operation.toUpperCase()} to key ${name} because its type is not LIST.`,
    problem(values) {
      const message = groupConfigsProblem(values, configs);
      return message === undefined ? undefined : refusal(ErrorCodes.INVALID_CONFIG, message);
    },
    apply: (values) => alteredConfigs.set(RESOURCE_TYPES.group, groupId, values),
  };
}

function describe(
  definition: GroupConfigDefinition,
  explicit: ReadonlyMap<string, string>,
  configs: BrokerConfigs,
): DescribedConfig {
  const { name, type, documentation, defaultValue, synonym } = definition;
  const source = CONFIG_SOURCES.default;
  const inherited: ConfigSynonym[] =
    synonym === null ? [{ name, value: defaultValue, source }] : configs.synonyms(synonym);
  const value = explicit.get(name);
  const own = value === undefined ? [] : [{ name, value, source: CONFIG_SOURCES.group }];
  const synonyms = [...own, ...inherited];
  return {
    ...{ name, type, documentation, synonyms },
    value: synonyms[0]?.value ?? defaultValue,
    source: synonyms[0]?.source ?? source,
    readOnly: false,
    isSensitive: false,
  };
}

function groupConfigsProblem(
  values: ReadonlyMap<string, string>,
  configs: BrokerConfigs,
): string | undefined {
  for (const name of values.keys()) {
    if (!GROUP_CONFIGS.has(name)) return `Unknown group config name: ${name}`;
  }
  for (const [name, value] of values) {
    const definition = GROUP_CONFIGS.get(name);
    const problem = definition && configProblem(definition, value);
    if (problem !== undefined) return problem;
    const { atLeast, atMost } = definition ?? {};
    const number = configNumber(value);
    if (atLeast !== undefined && number < configs.number(atLeast)) {
      return `${name} must be greater than or equal to ${atLeast}`;
    }
    if (atMost !== undefined && number > configs.number(atMost)) {
      return `${name} must be less than or equal to ${atMost}`;
    }
  }
  const number = (name: string): number =>
    configNumber(values.get(name) ?? configs.value(`group.${name}`));
  for (const kind of ['consumer', 'share', 'streams']) {
    const [session, heartbeat] = [`${kind}.session.timeout.ms`, `${kind}.heartbeat.interval.ms`];
    if (number(session) <= number(heartbeat)) return `${session} must be greater than ${heartbeat}`;
  }
  return undefined;
}
