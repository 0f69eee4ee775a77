import type { ConfigDefinition } from './config-definition.ts';

export interface BrokerConfigDefinition extends ConfigDefinition {
  /** May be changed at run time (Kafka: `DynamicBrokerConfig`). */
  readonly isDynamic: boolean;
}

const LONG_MAX = '9223372036854775807';
const INT_MAX = '2147483647';

type Limits = Pick<ConfigDefinition, 'values' | 'min' | 'max'>;

function fixed(
  name: string,
  type: ConfigDefinition['type'],
  defaultValue: string | null,
  documentation: string,
  limits: Limits = {},
): BrokerConfigDefinition {
  return { name, type, defaultValue, documentation, isDynamic: false, ...limits };
}

function dynamic(...row: Parameters<typeof fixed>): BrokerConfigDefinition {
  return { ...fixed(...row), isDynamic: true };
}

/**
 * Broker settings under Apache Kafka's names and with its defaults: those that act here and those
 * that tools ask for. Values without a meaning on one node are not listed.
 */
export const BROKER_CONFIGS: ReadonlyMap<string, BrokerConfigDefinition> = new Map(
  [
    fixed('advertised.listeners', 'list', null, 'Address that clients are told to connect to.'),
    fixed(
      'auto.create.topics.enable',
      'boolean',
      'true',
      'Whether asking for an unknown topic creates it.',
    ),
    fixed('broker.id', 'int', '1', 'Id of this broker.'),
    fixed('broker.rack', 'string', null, 'Rack of this broker.'),
    dynamic('compression.gzip.level', 'int', '-1', 'Level for gzip.'),
    dynamic('compression.lz4.level', 'int', '9', 'Level for lz4.'),
    dynamic('compression.type', 'string', 'producer', 'Compression of stored batches.', {
      values: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
    }),
    dynamic('compression.zstd.level', 'int', '3', 'Level for zstd.'),
    fixed(
      'connections.max.idle.ms',
      'long',
      '600000',
      'Idle connections are closed after this time.',
    ),
    fixed(
      'default.replication.factor',
      'int',
      '1',
      'Replication factor of topics that name none.',
      { min: 1 },
    ),
    fixed('delete.topic.enable', 'boolean', 'true', 'Whether topics may be deleted.'),
    fixed('fetch.max.bytes', 'int', '57671680', 'Most bytes in one Fetch response.', { min: 1024 }),
    fixed(
      'group.initial.rebalance.delay.ms',
      'int',
      '3000',
      'Wait for more members before the first rebalance of an empty group.',
      { min: 0 },
    ),
    fixed(
      'group.max.session.timeout.ms',
      'int',
      '1800000',
      'Longest session timeout a member may ask for.',
    ),
    fixed('group.max.size', 'int', INT_MAX, 'Most members of a group.', { min: 1 }),
    fixed(
      'group.min.session.timeout.ms',
      'int',
      '6000',
      'Shortest session timeout a member may ask for.',
    ),
    fixed(
      'inter.broker.protocol.version',
      'string',
      '4.0-IV3',
      'Level of the protocol, for tools that guess features from it.',
    ),
    fixed('listeners', 'list', 'PLAINTEXT://:9092', 'Addresses that are listened on.'),
    dynamic(
      'log.cleaner.delete.retention.ms',
      'long',
      '86400000',
      'Default of delete.retention.ms.',
      { min: 0 },
    ),
    fixed('log.cleaner.enable', 'boolean', 'true', 'Whether compacted topics are cleaned.'),
    dynamic(
      'log.cleaner.max.compaction.lag.ms',
      'long',
      LONG_MAX,
      'Default of max.compaction.lag.ms.',
      { min: 1 },
    ),
    dynamic(
      'log.cleaner.min.cleanable.ratio',
      'double',
      '0.5',
      'Default of min.cleanable.dirty.ratio.',
      { min: 0, max: 1 },
    ),
    dynamic('log.cleaner.min.compaction.lag.ms', 'long', '0', 'Default of min.compaction.lag.ms.', {
      min: 0,
    }),
    dynamic('log.cleanup.policy', 'list', 'delete', 'Default of cleanup.policy.', {
      values: ['compact', 'delete'],
    }),
    fixed('log.dirs', 'string', null, 'Folder of the logs.'),
    dynamic('log.flush.interval.messages', 'long', LONG_MAX, 'Default of flush.messages.', {
      min: 1,
    }),
    dynamic('log.flush.interval.ms', 'long', null, 'Default of flush.ms.'),
    dynamic('log.index.interval.bytes', 'int', '4096', 'Default of index.interval.bytes.', {
      min: 0,
    }),
    dynamic('log.index.size.max.bytes', 'int', '10485760', 'Default of segment.index.bytes.', {
      min: 4,
    }),
    dynamic('log.local.retention.bytes', 'long', '-2', 'Default of local.retention.bytes.', {
      min: -2,
    }),
    dynamic('log.local.retention.ms', 'long', '-2', 'Default of local.retention.ms.', { min: -2 }),
    dynamic(
      'log.message.timestamp.after.max.ms',
      'long',
      '3600000',
      'Default of message.timestamp.after.max.ms.',
      { min: 0 },
    ),
    dynamic(
      'log.message.timestamp.before.max.ms',
      'long',
      LONG_MAX,
      'Default of message.timestamp.before.max.ms.',
      { min: 0 },
    ),
    dynamic(
      'log.message.timestamp.type',
      'string',
      'CreateTime',
      'Default of message.timestamp.type.',
      { values: ['CreateTime', 'LogAppendTime'] },
    ),
    dynamic('log.preallocate', 'boolean', 'false', 'Default of preallocate.'),
    dynamic('log.retention.bytes', 'long', '-1', 'Default of retention.bytes.'),
    fixed(
      'log.retention.check.interval.ms',
      'long',
      '300000',
      'How often retention looks for segments to delete.',
      { min: 1 },
    ),
    fixed(
      'log.retention.hours',
      'int',
      '168',
      'Default of retention.ms when neither ms nor minutes are set.',
    ),
    fixed('log.retention.minutes', 'int', null, 'Default of retention.ms when ms is not set.'),
    dynamic('log.retention.ms', 'long', null, 'Default of retention.ms.'),
    fixed('log.roll.hours', 'int', '168', 'Default of segment.ms when ms is not set.', { min: 1 }),
    dynamic('log.roll.jitter.ms', 'long', null, 'Default of segment.jitter.ms.'),
    dynamic('log.roll.ms', 'long', null, 'Default of segment.ms.'),
    dynamic('log.segment.bytes', 'int', '1073741824', 'Default of segment.bytes.', { min: 14 }),
    dynamic('log.segment.delete.delay.ms', 'long', '60000', 'Default of file.delete.delay.ms.', {
      min: 0,
    }),
    fixed(
      'max.request.partition.size.limit',
      'int',
      '2000',
      'Most partitions in one DescribeTopicPartitions.',
      { min: 1 },
    ),
    dynamic('message.max.bytes', 'int', '1048588', 'Default of max.message.bytes.', { min: 0 }),
    dynamic('min.insync.replicas', 'int', '1', 'Default of min.insync.replicas.', { min: 1 }),
    fixed('node.id', 'int', '1', 'Id of this node.'),
    fixed('num.partitions', 'int', '1', 'Partitions of topics that name none.', { min: 1 }),
    fixed('offset.metadata.max.bytes', 'int', '4096', 'Longest metadata of a committed offset.'),
    fixed(
      'offsets.retention.check.interval.ms',
      'long',
      '600000',
      'How often expired offsets are looked for.',
      { min: 1 },
    ),
    fixed(
      'offsets.retention.minutes',
      'int',
      '10080',
      'Offsets of an empty group are kept this long.',
      { min: 1 },
    ),
    fixed('process.roles', 'list', 'broker,controller', 'Roles of this process.'),
    dynamic(
      'producer.id.expiration.ms',
      'int',
      '86400000',
      'Idle producer ids are forgotten after this time.',
      { min: 1 },
    ),
    fixed('socket.request.max.bytes', 'int', '104857600', 'Longest request.', { min: 1 }),
    dynamic(
      'unclean.leader.election.enable',
      'boolean',
      'false',
      'Default of unclean.leader.election.enable.',
    ),
  ].map((definition) => [definition.name, definition]),
);
