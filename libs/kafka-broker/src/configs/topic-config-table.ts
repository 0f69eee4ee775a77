import type { ConfigDefinition, ConfigLimits } from './config-definition.ts';

export interface TopicConfigDefinition extends ConfigDefinition {
  /** Broker setting that gives the default (Kafka: `ServerTopicConfigSynonyms`); null for none. */
  readonly synonym: string | null;
  /** Why nothing depends on it in this broker; absent where it is acted on, or refused. */
  readonly withoutEffect?: string;
}

const LONG_MAX = '9223372036854775807';

function config(
  name: string,
  type: ConfigDefinition['type'],
  defaultValue: string | null,
  synonym: string | null,
  documentation: string,
  options: ConfigLimits & Pick<TopicConfigDefinition, 'isInternal' | 'withoutEffect'> = {},
): TopicConfigDefinition {
  const { withoutEffect } = options;
  const inWords = withoutEffect === undefined ? '' : ` Without effect here: ${withoutEffect}.`;
  const described = documentation + inWords;
  return { name, type, defaultValue, synonym, ...options, documentation: described };
}

const AS_RECEIVED = 'batches are stored as they were received';
const DURABILITY = 'when records are synced is a setting of the whole broker';
const ONE_REPLICA = 'each partition has one replica';
const NO_TIERS = 'there is no tiered storage';

/**
 * Every topic config of Apache Kafka 4.3 (`TopicConfig`, `LogConfig`), with its default. All are
 * accepted, stored and described; SKIPPED.md lists those without effect.
 */
export const TOPIC_CONFIGS: ReadonlyMap<string, TopicConfigDefinition> = new Map(
  [
    config(
      'cleanup.policy',
      'list',
      'delete',
      'log.cleanup.policy',
      'Delete old segments, keep the last record per key (compact), or both.',
      { values: ['compact', 'delete'] },
    ),
    config(
      'compression.gzip.level',
      'int',
      '-1',
      'compression.gzip.level',
      'Level for gzip when compression.type is gzip.',
      { min: 1, max: 9, or: -1, withoutEffect: AS_RECEIVED },
    ),
    config(
      'compression.lz4.level',
      'int',
      '9',
      'compression.lz4.level',
      'Level for lz4 when compression.type is lz4.',
      { min: 1, max: 17, withoutEffect: AS_RECEIVED },
    ),
    config(
      'compression.type',
      'string',
      'producer',
      'compression.type',
      'Compression of stored batches; producer keeps what the producer chose.',
      {
        values: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
        withoutEffect: AS_RECEIVED,
      },
    ),
    config(
      'compression.zstd.level',
      'int',
      '3',
      'compression.zstd.level',
      'Level for zstd when compression.type is zstd.',
      { min: -131072, max: 22, withoutEffect: AS_RECEIVED },
    ),
    config(
      'delete.retention.ms',
      'long',
      '86400000',
      'log.cleaner.delete.retention.ms',
      'How long tombstones are kept in compacted topics.',
      { min: 0 },
    ),
    config(
      'file.delete.delay.ms',
      'long',
      '60000',
      'log.segment.delete.delay.ms',
      'Wait before a deleted file is removed.',
      {
        min: 0,
        withoutEffect: 'what is deleted is removed at once',
      },
    ),
    config(
      'flush.messages',
      'long',
      LONG_MAX,
      'log.flush.interval.messages',
      'Records after which a sync is forced.',
      { min: 1, withoutEffect: DURABILITY },
    ),
    config(
      'flush.ms',
      'long',
      LONG_MAX,
      'log.flush.interval.ms',
      'Time after which a sync is forced.',
      { min: 0, withoutEffect: DURABILITY },
    ),
    config(
      'follower.replication.throttled.replicas',
      'list',
      '',
      null,
      'Replicas whose replication is throttled on the follower.',
      { form: 'throttledReplicas', withoutEffect: ONE_REPLICA },
    ),
    config(
      'index.interval.bytes',
      'int',
      '4096',
      'log.index.interval.bytes',
      'Bytes of records between two index entries.',
      { min: 0 },
    ),
    config(
      'internal.segment.bytes',
      'int',
      null,
      null,
      'Stands in for segment.bytes below its minimum, for tests.',
      { isInternal: true },
    ),
    config(
      'leader.replication.throttled.replicas',
      'list',
      '',
      null,
      'Replicas whose replication is throttled on the leader.',
      { form: 'throttledReplicas', withoutEffect: ONE_REPLICA },
    ),
    config(
      'local.retention.bytes',
      'long',
      '-2',
      'log.local.retention.bytes',
      'Size kept locally with tiered storage.',
      { min: -2, withoutEffect: NO_TIERS },
    ),
    config(
      'local.retention.ms',
      'long',
      '-2',
      'log.local.retention.ms',
      'Time kept locally with tiered storage.',
      { min: -2, withoutEffect: NO_TIERS },
    ),
    config(
      'max.compaction.lag.ms',
      'long',
      LONG_MAX,
      'log.cleaner.max.compaction.lag.ms',
      'Longest time a record may stay uncompacted.',
      { min: 1 },
    ),
    config(
      'max.message.bytes',
      'int',
      '1048588',
      'message.max.bytes',
      'Largest record batch, after compression.',
      { min: 0 },
    ),
    config(
      'message.timestamp.after.max.ms',
      'long',
      '3600000',
      'log.message.timestamp.after.max.ms',
      'How far in the future a record timestamp may lie.',
      { min: 0 },
    ),
    config(
      'message.timestamp.before.max.ms',
      'long',
      LONG_MAX,
      'log.message.timestamp.before.max.ms',
      'How far in the past a record timestamp may lie.',
      { min: 0 },
    ),
    config(
      'message.timestamp.type',
      'string',
      'CreateTime',
      'log.message.timestamp.type',
      'Timestamp of the producer or of the append.',
      { values: ['CreateTime', 'LogAppendTime'] },
    ),
    config(
      'min.cleanable.dirty.ratio',
      'double',
      '0.5',
      'log.cleaner.min.cleanable.ratio',
      'Share of uncompacted bytes at which compaction starts.',
      { min: 0, max: 1 },
    ),
    config(
      'min.compaction.lag.ms',
      'long',
      '0',
      'log.cleaner.min.compaction.lag.ms',
      'Least time a record stays uncompacted.',
      { min: 0 },
    ),
    config(
      'min.insync.replicas',
      'int',
      '1',
      'min.insync.replicas',
      'Replicas that must acknowledge acks=all.',
      { min: 1, withoutEffect: ONE_REPLICA },
    ),
    config(
      'preallocate',
      'boolean',
      'false',
      'log.preallocate',
      'Whether segment files are allocated in full at once.',
      { withoutEffect: 'segment files grow as records come' },
    ),
    config(
      'remote.log.copy.disable',
      'boolean',
      'false',
      null,
      'Stops copying to tiered storage.',
      { withoutEffect: NO_TIERS },
    ),
    config(
      'remote.log.delete.on.disable',
      'boolean',
      'false',
      null,
      'Deletes tiered data when tiering is switched off.',
      { withoutEffect: NO_TIERS },
    ),
    config('remote.storage.enable', 'boolean', 'false', null, 'Tiered storage.'),
    config(
      'retention.bytes',
      'long',
      '-1',
      'log.retention.bytes',
      'Size a partition may reach before old segments are deleted.',
    ),
    config(
      'retention.ms',
      'long',
      '604800000',
      'log.retention.ms',
      'Age at which segments are deleted; -1 keeps for ever.',
      { min: -1 },
    ),
    config(
      'segment.bytes',
      'int',
      '1073741824',
      'log.segment.bytes',
      'Size at which a new segment is begun.',
      { min: 1_048_576 },
    ),
    config(
      'segment.index.bytes',
      'int',
      '10485760',
      'log.index.size.max.bytes',
      'Size an index may reach before a new segment is begun.',
      { min: 4 },
    ),
    config(
      'segment.jitter.ms',
      'long',
      '0',
      'log.roll.jitter.ms',
      'Random time taken off segment.ms.',
      { min: 0, withoutEffect: 'segments are begun at segment.ms exactly' },
    ),
    config(
      'segment.ms',
      'long',
      '604800000',
      'log.roll.ms',
      'Age at which a new segment is begun.',
      { min: 1 },
    ),
    config(
      'unclean.leader.election.enable',
      'boolean',
      'false',
      'unclean.leader.election.enable',
      'Whether an out-of-sync replica may lead.',
      { withoutEffect: ONE_REPLICA },
    ),
  ].map((definition) => [definition.name, definition]),
);
