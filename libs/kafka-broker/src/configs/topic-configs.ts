import type { LogConfig } from '@penstock/kafka-log';
import type { BrokerConfigs, ConfigSynonym } from './broker-configs.ts';
import { CONFIG_SOURCES, configNumber, configProblem, listElements } from './config-definition.ts';
import { TOPIC_CONFIGS, type TopicConfigDefinition } from './topic-config-table.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Settings whose broker default may be given in coarser units; the finest one set counts. */
const COARSER_SYNONYMS: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  'retention.ms': [
    ['log.retention.minutes', MINUTE_MS],
    ['log.retention.hours', HOUR_MS],
  ],
  'segment.ms': [['log.roll.hours', HOUR_MS]],
};

/** Why these configs cannot be given to a topic; undefined when they can. */
export function topicConfigsProblem(configs: ReadonlyMap<string, string>): string | undefined {
  for (const [name, value] of configs) {
    const definition = TOPIC_CONFIGS.get(name);
    if (!definition) return `Unknown topic config name: ${name}`;
    const problem = configProblem(definition, value);
    if (problem !== undefined) return problem;
  }
  if (configs.get('remote.storage.enable')?.toLowerCase() === 'true') {
    return 'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.';
  }
  return undefined;
}

/** All places that give a value to a topic config, the one that counts first. */
export function topicConfigSynonyms(
  definition: TopicConfigDefinition,
  explicit: ReadonlyMap<string, string>,
  broker: BrokerConfigs,
): ConfigSynonym[] {
  const found: ConfigSynonym[] = [];
  const value = explicit.get(definition.name);
  if (value !== undefined) {
    found.push({ name: definition.name, value, source: CONFIG_SOURCES.dynamicTopic });
  }
  if (definition.synonym !== null) {
    found.push(...broker.synonyms(definition.synonym));
    for (const [name, unitMs] of COARSER_SYNONYMS[definition.name] ?? []) {
      for (const synonym of broker.synonyms(name)) {
        // Kafka shows no synonym for a default that is given in other units.
        if (synonym.source === CONFIG_SOURCES.default) continue;
        found.push({ ...synonym, value: String(Number(synonym.value) * unitMs) });
      }
    }
  }
  return found;
}

/** The value of a topic config that counts, and where it comes from. */
export function topicConfigValue(
  definition: TopicConfigDefinition,
  explicit: ReadonlyMap<string, string>,
  broker: BrokerConfigs,
): { value: string | null; source: number } {
  const first = topicConfigSynonyms(definition, explicit, broker)[0];
  return first ?? { value: definition.defaultValue, source: CONFIG_SOURCES.default };
}

/** What a topic's configs say to its partitions' logs. */
export function logConfigOf(
  explicit: ReadonlyMap<string, string>,
  broker: BrokerConfigs,
): LogConfig {
  const text = (name: string): string => {
    const definition = TOPIC_CONFIGS.get(name);
    if (!definition) throw new Error(`no such topic config: ${name}`);
    return topicConfigValue(definition, explicit, broker).value ?? '';
  };
  const number = (name: string): number => configNumber(text(name));
  return {
    segmentBytes: number('segment.bytes'),
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
