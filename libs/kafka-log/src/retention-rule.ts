import type { LogConfig } from './log-config.ts';
import type { Segment } from './segment.ts';

/**
 * How many of the oldest segments retention no longer asks for, at most `segmentsMax`. Only what
 * lies below the high watermark counts; the active segment may be among them. A segment without
 * timestamps never gets too old.
 */
export function countDeletable(
  segments: readonly Segment[],
  { retentionMs, retentionBytes, cleanupPolicy }: LogConfig,
  { now, highWatermark, segmentsMax }: { now: number; highWatermark: number; segmentsMax: number },
): number {
  if (!cleanupPolicy.includes('delete')) return 0;
  const sizeBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  let excess = retentionBytes < 0 ? -1 : sizeBytes - retentionBytes;
  let count = 0;
  for (const segment of segments) {
    if (count >= segmentsMax || segment.isEmpty || segment.nextOffset > highWatermark) break;
    const { maxTimestamp } = segment;
    const isTooOld = retentionMs >= 0 && maxTimestamp >= 0 && now - maxTimestamp > retentionMs;
    if (!isTooOld && excess < segment.sizeBytes) break;
    excess -= segment.sizeBytes;
    count++;
  }
  return count;
}
