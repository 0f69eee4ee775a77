/**
 * What a topic's configuration says to its partitions' logs. Names are Kafka's topic configs in
 * camel case; sizes are bytes, times milliseconds; -1 means "no limit" where Kafka says so.
 */
export interface LogConfig {
  /** `segment.bytes`: size a segment may reach before a new one is begun. */
  readonly segmentBytes: number;
  /** `segment.ms`: age, by record timestamps, after which a new segment is begun. */
  readonly segmentMs: number;
  /** `segment.index.bytes`: size an index may reach before a new segment is begun. */
  readonly segmentIndexBytes: number;
  /** `index.interval.bytes`: bytes of records between two index entries. */
  readonly indexIntervalBytes: number;
  /** `retention.ms`: -1 keeps for ever. */
  readonly retentionMs: number;
  /** `retention.bytes`: -1 keeps everything. */
  readonly retentionBytes: number;
  /** `cleanup.policy`. */
  readonly cleanupPolicy: readonly ('delete' | 'compact')[];
  /** `min.cleanable.dirty.ratio`: share of dirty bytes above which a log is compacted. */
  readonly minCleanableDirtyRatio: number;
  /** `min.compaction.lag.ms`: how long a record stays as it is at least. */
  readonly minCompactionLagMs: number;
  /** `max.compaction.lag.ms`: how long a record may stay without its log being compacted. */
  readonly maxCompactionLagMs: number;
  /** `delete.retention.ms`: how long a tombstone stays after its log was compacted. */
  readonly deleteRetentionMs: number;
  /** `max.message.bytes`: largest batch accepted, header included. */
  readonly maxMessageBytes: number;
  /** `message.timestamp.type`. */
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime';
  /** `message.timestamp.before.max.ms`: how far in the past a record may lie. */
  readonly messageTimestampBeforeMaxMs: number;
  /** `message.timestamp.after.max.ms`: how far in the future a record may lie. */
  readonly messageTimestampAfterMaxMs: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Apache Kafka 4's defaults. A limit Kafka writes as Long.MAX_VALUE is Infinity here. */
export const defaultLogConfig: LogConfig = Object.freeze({
  segmentBytes: 1024 * 1024 * 1024,
  segmentMs: 7 * DAY_MS,
  segmentIndexBytes: 10 * 1024 * 1024,
  indexIntervalBytes: 4096,
  retentionMs: 7 * DAY_MS,
  retentionBytes: -1,
  cleanupPolicy: Object.freeze(['delete'] as const),
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Infinity,
  deleteRetentionMs: DAY_MS,
  maxMessageBytes: 1_048_588,
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: Infinity,
  messageTimestampAfterMaxMs: 60 * 60 * 1000,
});
