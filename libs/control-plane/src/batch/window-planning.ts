import type { SourceLog } from './source-logs.ts';

/** `all`: the whole log. `time`, `offsets`: asked for. `contiguous`: after the window before. */
export type WindowKind = 'contiguous' | 'all' | 'time' | 'offsets';

/**
 * Why a contiguous window begins where it does: where the one before ended (`next`), or at the log
 * start, because there is none before (`first`), the topic got this partition later (`grown`), or
 * the topic was deleted and made anew (`recreated`).
 */
export type WindowOrigin = 'first' | 'next' | 'grown' | 'recreated';

/** One partition's part of a run: the offsets [startOffset, endOffset). */
export interface FrozenWindow {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly startOffset: number;
  readonly endOffset: number;
}

export interface ContiguousWindow extends FrozenWindow {
  readonly origin: WindowOrigin;
}

/** Offsets [startOffset, endOffset) of a partition that somebody asked for. */
export interface AskedOffsets {
  readonly topic: string;
  /** The topic of that name that is meant; whichever there is when absent. */
  readonly topicId?: string;
  readonly partition: number;
  readonly startOffset: number;
  readonly endOffset: number;
}

/** What earlier contiguous runs of a job have left behind. */
export interface Positions {
  /** End of the newest window by {@link partitionKey}. */
  readonly ends: ReadonlyMap<string, number>;
  /** Partitions of the newest run, also those in which there was nothing to read. */
  readonly known: ReadonlySet<string>;
  /** Ids of the topics that the newest run read, by name. */
  readonly topics: ReadonlyMap<string, string>;
}

/** A window that was asked for does not lie in the logs as they are now. */
export class WindowRefused extends Error {
  override readonly name = 'WindowRefused';
}

export function partitionKey(window: { topicId: string; partition: number }): string {
  return `${window.topicId}/${window.partition}`;
}

/**
 * The windows that follow those which a job has claimed, one per partition.
 *
 * The start is the end of the newest window even when the log starts later by now: the step finds
 * that records are gone and says how many. Nothing may be left out here without a trace.
 *
 * @param ends where the windows end, in the order of `logs`; the logs' own ends when absent
 * @throws WindowRefused when a log ends before the newest window does
 */
export function contiguousWindows(
  logs: readonly SourceLog[],
  positions: Positions,
  ends: readonly number[] = logs.map(({ endOffset }) => endOffset),
): ContiguousWindow[] {
  return logs.map((log, index) => {
    const { topic, topicId, partition } = log;
    const position = positions.ends.get(partitionKey(log));
    if (position !== undefined && position > log.endOffset) {
      throw new WindowRefused(
        `${topic}/${partition} ends at offset ${log.endOffset}, but its records before ` +
          `${position} belong to earlier runs: the brokers have lost records`,
      );
    }
    const startOffset = position ?? log.startOffset;
    const endOffset = Math.min(Math.max(ends[index] ?? log.endOffset, startOffset), log.endOffset);
    return { topic, topicId, partition, startOffset, endOffset, origin: originOf(log, positions) };
  });
}

function originOf(log: SourceLog, { ends, known, topics }: Positions): WindowOrigin {
  const key = partitionKey(log);
  if (ends.has(key) || known.has(key)) {
    return 'next';
  }
  const topicId = topics.get(log.topic);
  if (topicId === undefined) {
    return 'first';
  }
  return topicId === log.topicId ? 'grown' : 'recreated';
}

/** Everything that the logs hold. */
export function wholeWindows(logs: readonly SourceLog[]): FrozenWindow[] {
  return logs.map(({ topic, topicId, partition, startOffset, endOffset }) => ({
    topic,
    topicId,
    partition,
    startOffset,
    endOffset,
  }));
}

/**
 * Between two places in each log.
 *
 * @param from first offsets in the order of `logs`; null: the log start
 * @param to ends, likewise; null: the log end
 */
export function windowsBetween(
  logs: readonly SourceLog[],
  from: readonly number[] | null,
  to: readonly number[] | null,
): FrozenWindow[] {
  return wholeWindows(logs).map((window, index) => {
    const endOffset = to?.[index] ?? window.endOffset;
    const startOffset = Math.min(from?.[index] ?? window.startOffset, endOffset);
    return { ...window, startOffset, endOffset };
  });
}

/**
 * Exactly the offsets that were asked for.
 *
 * @throws WindowRefused naming the first that the logs do not hold
 */
export function askedWindows(
  logs: readonly SourceLog[],
  asked: readonly AskedOffsets[],
): FrozenWindow[] {
  return asked.map(({ topic, topicId, partition, startOffset, endOffset }) => {
    const log = logs.find((each) => each.topic === topic && each.partition === partition);
    if (log === undefined) {
      throw new WindowRefused(`${topic} has no partition ${partition} that this job reads`);
    }
    if (topicId !== undefined && topicId !== log.topicId) {
      throw new WindowRefused(`${topic} was deleted and made anew since its offsets were chosen`);
    }
    if (startOffset < log.startOffset || endOffset > log.endOffset) {
      throw new WindowRefused(
        `${topic}/${partition} holds the offsets ${log.startOffset} to ${log.endOffset} ` +
          `(not included), not all of ${startOffset} to ${endOffset}`,
      );
    }
    return { topic, topicId: log.topicId, partition, startOffset, endOffset };
  });
}
