import {
  askedWindows,
  type ClaimedRun,
  type FrozenWindow,
  type SourceLog,
  type SourceLogs,
  type StepPart,
  wholeWindows,
  windowsBetween,
} from '@penstock/control-plane';

/** Records of a part of a step that are not in the log any more. */
export interface Gap {
  readonly topic: string;
  readonly records: number;
  /** Where the step can go on. */
  readonly nextOffset: number;
  readonly reason: string;
}

/** The window of a run that reads what it was asked for, over what the logs hold now. */
export async function windowOf(
  run: ClaimedRun,
  logs: SourceLogs,
  sources: readonly SourceLog[],
): Promise<FrozenWindow[]> {
  if (run.offsets !== null) {
    return askedWindows(sources, run.offsets);
  }
  if (run.windowKind !== 'time') {
    return wholeWindows(sources);
  }
  const at = (time: number | null) => (time === null ? null : logs.offsetsAt(sources, time));
  const [from, to] = await Promise.all([at(run.from), at(run.to)]);
  return windowsBetween(sources, from, to);
}

/** The times outside of which a run leaves records out; offsets that were given are read whole. */
export function boundsOf(run: ClaimedRun): { from: number | null; to: number | null } {
  return run.windowKind === 'time' ? { from: run.from, to: run.to } : { from: null, to: null };
}

/**
 * What a step will not find of a part; null when all of it is there.
 *
 * @param log the partition as it is now; undefined when there is none
 */
export function gapOf(part: StepPart, log: SourceLog | undefined): Gap | null {
  const { topic, partition, topicId, nextOffset, endOffset } = part;
  const isSame = log !== undefined && (topicId === '' || topicId === log.topicId);
  if (!isSame) {
    const records = endOffset - nextOffset;
    const words = `${topic} was deleted and made anew; ${records} records of ${topic}/${partition}`;
    return {
      topic,
      records,
      nextOffset: endOffset,
      reason: `${words} that the run had not read are gone`,
    };
  }
  const start = Math.min(log.startOffset, endOffset);
  if (start <= nextOffset) {
    return null;
  }
  const records = start - nextOffset;
  return {
    topic,
    records,
    nextOffset: start,
    reason:
      `${records} records of ${topic}/${partition} were deleted before the run read them: ` +
      `its window goes on at offset ${nextOffset}, the log starts at ${log.startOffset}`,
  };
}
