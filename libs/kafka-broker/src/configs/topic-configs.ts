import type { LogConfig } from '@penstock/kafka-log';
import type { BrokerConfigs, ConfigSynonym } from './broker-configs.ts';
import {
  CONFIG_SOURCES,
  configNumber,
  configProblem,
  listElements,
  parsedText,
} from './config-definition.ts';
import { TOPIC_CONFIGS, type TopicConfigDefinition } from './topic-config-table.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/**
 * Further settings that give a topic config's default, with their unit; the finest one set counts.
 */
const COARSER: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  'retention.ms': [
    ['log.retention.minutes', MINUTE_MS],
    ['log.retention.hours', HOUR_MS],
  ],
  'segment.ms': [['log.roll.hours', HOUR_MS]],
  'segment.jitter.ms': [['log.roll.jitter.hours', HOUR_MS]],
  'flush.ms': [['log.flush.scheduler.interval.ms', 1]],
};

/** Why these configs cannot be given to a topic; undefined when they can. */
export function topicConfigsProblem(
  configs: ReadonlyMap<string, string>,
  broker: BrokerConfigs,
): string | undefined {
  for (const name of configs.keys()) {
    if (!TOPIC_CONFIGS.has(name)) return `Unknown topic config name: ${name}`;
  }
  for (const [name, value] of configs) {
    const definition = TOPIC_CONFIGS.get(name);
    const problem = definition && configProblem(definition, value);
    if (problem !== undefined) return problem;
  }
  if (configs.get('remote.storage.enable')?.trim().toLowerCase() === 'true') {
    return 'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.';
  }
  const number = (name: string): number => configNumber(topicConfigText(name, configs, broker));
  const [least, most] = [number('min.compaction.lag.ms'), number('max.compaction.lag.ms')];
  return least > most
    ? `conflict topic config setting min.compaction.lag.ms (${least}) > max.compaction.lag.ms (${most})`
    : undefined;
}

/** Given configs that nothing depends on here, unless the value is Kafka's default. */
export function topicConfigsWithoutEffect(configs: ReadonlyMap<string, string>): string[] {
  return [...configs.keys()].filter((name) => {
    const definition = TOPIC_CONFIGS.get(name);
    if (definition?.withoutEffect === undefined) return false;
    return parsedText(definition, configs.get(name) ?? '') !== definition.defaultValue;
  });
}

/**
 * All places that give a value to a topic config, the one that counts first, as Kafka lists them.
 */
export function topicConfigSynonyms(
  definition: TopicConfigDefinition,
  explicit: ReadonlyMap<string, string>,
  broker: BrokerConfigs,
): ConfigSynonym[] {
  const { name, synonym } = definition;
  const ofBroker = synonym === null ? [] : broker.synonyms(synonym);
  const value = explicit.get(name);
  if (value === undefined) return ofBroker;
  const parsed = parsedText(definition, value);
  return [{ name, value: parsed, source: CONFIG_SOURCES.dynamicTopic }, ...ofBroker];
}

/** The value of a topic config that counts, and where it comes from. */
export function topicConfigValue(
  definition: TopicConfigDefinition,
  explicit: ReadonlyMap<string, string>,
  broker: BrokerConfigs,
): { value: string | null; source: number } {
  const { name, synonym, defaultValue } = definition;
  const value = explicit.get(name);
  if (value !== undefined) return { value, source: CONFIG_SOURCES.dynamicTopic };
  if (synonym === null) return { value: defaultValue, source: CONFIG_SOURCES.default };
  const units = new Map([[synonym, 1], ...(COARSER[name] ?? [])]);
  const found = broker.firstOf([...units.keys()]);
  if (found?.value == null) return { value: defaultValue, source: CONFIG_SOURCES.default };
  const unit = units.get(found.name) ?? 1;
  if (!TIMES.has(name)) return { value: found.value, source: found.source };
  return { value: inMilliseconds(found.value, unit), source: found.source };
}

const TIMES = new Set(['retention.ms', 'segment.ms', 'segment.jitter.ms']);

/** Any negative time means "no limit". */
function inMilliseconds(value: string, unit: number): string {
  const milliseconds = BigInt(value.trim().replace('+', '')) * BigInt(unit);
  return milliseconds < 0n ? '-1' : String(milliseconds);
}

function topicConfigText(
  name: string,
  explicit: ReadonlyMap<string, string>,
  broker: BrokerConfigs,
): string {
  const definition = TOPIC_CONFIGS.get(name);
  if (!definition) throw new Error(`no such topic config: ${name}`);
  const { value } = topicConfigValue(definition, explicit, broker);
  return value === null ? '' : parsedText(definition, value);
}

/** What a topic's configs say to its partitions' logs. */
export function logConfigOf(
  explicit: ReadonlyMap<string, string>,
  broker: BrokerConfigs,
): LogConfig {
  const text = (name: string): string => topicConfigText(name, explicit, broker);
  const number = (name: string): number => configNumber(text(name));
  return {
    segmentBytes: number(
      explicit.has('internal.segment.bytes') ? 'internal.segment.bytes' : 'segment.bytes',
    ),
    segmentMs: number('segment.ms'),
    segmentIndexBytes: number('segment.index.bytes'),
    indexIntervalBytes: number('index.interval.bytes'),
    retentionMs: number('retention.ms'),
    retentionBytes: number('retention.bytes'),
    cleanupPolicy: listElements(text('cleanup.policy')) as LogConfig['cleanupPolicy'],
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    maxCompactionLagMs: number('max.compaction.lag.ms'),
    deleteRetentionMs: number('delete.retention.ms'),
    maxMessageBytes: number('max.message.bytes'),
    messageTimestampType: text('message.timestamp.type') as LogConfig['messageTimestampType'],
    messageTimestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    messageTimestampAfterMaxMs: number('message.timestamp.after.max.ms'),
  };
}
