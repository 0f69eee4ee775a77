import type { LogState } from '../log-state.ts';
import type { Segment } from '../segment.ts';
import type { Ages } from '../steady-time.ts';

/** Kafka's relative offsets are int32. */
const RELATIVE_OFFSET_MAX = 0x7fffffff;

/** What compaction of a log would work on now. */
export interface CompactionPlan {
  /** Offset at which the part of the log that was never compacted begins. */
  readonly dirtyFrom: number;
  /** Offset at which the segments that may be compacted end. */
  readonly dirtyTo: number;
  /**
   * Share of the bytes that may be compacted that never were (Kafka: LogToClean.cleanableRatio).
   */
  readonly dirtyRatio: number;
  /** True if a record has waited for `max.compaction.lag.ms`. */
  readonly isOverdue: boolean;
}

/**
 * Segments may be compacted up to the one that holds the durable end, and up to the first dirty one
 * with a record younger than `min.compaction.lag.ms` (Kafka: LogCleanerManager.cleanableOffsets). A
 * segment that is not wholly on the disk is left alone: compaction must not remove a durable record
 * because of a later one that a crash could lose. That leaves out the active segment too.
 *
 * @param firstDirtyOffset where the last pass ended
 */
export function planCompaction(
  state: LogState,
  firstDirtyOffset: number,
  now: number,
  ages: Ages,
): CompactionPlan | undefined {
  const { config, segments, durable, logStartOffset } = state;
  const { list } = segments;
  const dirtyFrom = Math.max(
    firstDirtyOffset > durable.offset ? logStartOffset : firstDirtyOffset,
    logStartOffset,
    list[0]!.baseOffset,
  );
  // A producer may mean a timestamp in the future; with LogAppendTime this broker's clock was
  // ahead.
  const isDatedHere = config.messageTimestampType === 'LogAppendTime';
  const ageMs = (segment: Segment): number =>
    isDatedHere ? ages.ageMs(segment, segment.maxTimestamp, now) : now - segment.maxTimestamp;
  let dirtyTo = dirtyFrom;
  let cleanBytes = 0;
  let dirtyBytes = 0;
  let earliest = Infinity;
  for (const segment of list) {
    if (segment.baseOffset >= durable.segment.baseOffset) break;
    if (segment.nextOffset <= dirtyFrom) {
      cleanBytes += segment.sizeBytes;
      continue;
    }
    if (config.minCompactionLagMs > 0 && ageMs(segment) < config.minCompactionLagMs) break;
    dirtyBytes += segment.sizeBytes;
    dirtyTo = segment.nextOffset;
    const first = segment.firstTimestamp();
    if (first >= 0) earliest = Math.min(earliest, first);
  }
  if (dirtyTo <= dirtyFrom) return undefined;
  return {
    dirtyFrom,
    dirtyTo,
    dirtyRatio: dirtyBytes / (cleanBytes + dirtyBytes),
    isOverdue: now - earliest > config.maxCompactionLagMs,
  };
}

/**
 * Neighbouring segments below `endOffset` that become one, each group at most as large as a segment
 * may be (Kafka: Cleaner.groupSegmentsBySize). A damaged segment is a group of its own, which is
 * not compacted: bytes that cannot be read now are not thrown away.
 */
export function groupSegments(state: LogState, endOffset: number): Segment[][] {
  const { segmentBytes, segmentIndexBytes } = state.config;
  const groups: Segment[][] = [];
  let group: Segment[] = [];
  let bytes = 0;
  let indexBytes = 0;
  for (const segment of state.segments.list) {
    if (segment.baseOffset >= endOffset || segment.isEmpty) break;
    const last = group.at(-1);
    const fits =
      last !== undefined &&
      last.nextOffset === segment.baseOffset &&
      last.damaged.length === 0 &&
      segment.damaged.length === 0 &&
      bytes + segment.sizeBytes <= segmentBytes &&
      indexBytes + segment.index.sizeBytes <= segmentIndexBytes &&
      segment.nextOffset - 1 - group[0]!.baseOffset <= RELATIVE_OFFSET_MAX;
    if (!fits) {
      group = [];
      groups.push(group);
      bytes = 0;
      indexBytes = 0;
    }
    group.push(segment);
    bytes += segment.sizeBytes;
    indexBytes += segment.index.sizeBytes;
  }
  return groups;
}
