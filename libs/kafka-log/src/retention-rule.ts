import type { LogConfig } from './log-config.ts';
import type { Segment } from './segment.ts';
import type { Ages } from './steady-time.ts';

export interface RetentionSweep {
  /** The time to measure age by, ms. */
  readonly now: number;
  readonly ages: Ages;
  /** Largest share of a log's segments that age alone may delete; one segment is always allowed. */
  readonly agedShareMax: number;
}

/**
 * How many of the oldest segments are past the retention limits. Only what lies below the high
 * watermark counts; the active segment may be among them. A segment without timestamps never gets
 * too old.
 */
export function countDeletable(
  segments: readonly Segment[],
  { retentionMs, retentionBytes, cleanupPolicy, messageTimestampType }: LogConfig,
  { now, ages, agedShareMax }: RetentionSweep,
  highWatermark: number,
): number {
  if (!cleanupPolicy.includes('delete')) return 0;
  const sizeBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  let excess = retentionBytes < 0 ? -1 : sizeBytes - retentionBytes;
  // A producer may mean a timestamp in the future; with LogAppendTime this broker's clock was
  // ahead. `ages` must notice that for all segments at once.
  const isDatedHere = messageTimestampType === 'LogAppendTime';
  if (isDatedHere) for (const one of segments) ages.ageMs(one, one.maxTimestamp, now);
  const agedMax = Math.max(1, Math.ceil(segments.length * agedShareMax));
  let count = 0;
  for (const segment of segments) {
    if (segment.isEmpty || segment.nextOffset > highWatermark) break;
    const { maxTimestamp } = segment;
    const ageMs = isDatedHere ? ages.ageMs(segment, maxTimestamp, now) : now - maxTimestamp;
    const isTooOld = retentionMs >= 0 && maxTimestamp >= 0 && ageMs > retentionMs;
    if (excess < segment.sizeBytes && !(isTooOld && count < agedMax)) break;
    excess -= segment.sizeBytes;
    count++;
  }
  return count;
}
