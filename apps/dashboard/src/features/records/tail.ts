import { useEffect, useRef, useState } from 'react';
import { TailDocument, type RecordRowFragment } from '../../generated/graphql.ts';
import { liveStore } from '../../live/live-store.ts';

export type RecordRow = RecordRowFragment;

export interface Tail {
  /** Newest first, at most 200. */
  records: readonly RecordRow[];
  /** Records that came but were left out by the rate cap, since the tail began. */
  skipped: number;
  /** Records that came while held, and how many of them there were. */
  waiting: readonly RecordRow[];
  held: number;
  error: string | null;
}

/** A tail with its source: another topic or partition begins a new tail. */
interface SourcedTail extends Tail {
  source: string;
}

const rowsMax = 200;
const nothing: Tail = { records: [], waiting: [], skipped: 0, held: 0, error: null };

/** Newest first, without repeats, bounded. */
export function withNewest(
  shown: readonly RecordRow[],
  arrived: readonly RecordRow[],
): readonly RecordRow[] {
  const known = new Set(shown.map(recordId));
  const fresh = arrived.filter((record) => !known.has(recordId(record)));
  return [...fresh.toReversed(), ...shown].slice(0, rowsMax);
}

export function recordId(record: { partition: number; offset: number }): string {
  return `${record.partition}-${record.offset}`;
}

/**
 * New records of a topic as they arrive, on the tab's one socket. While held, the rows stay as they
 * are and new records wait, bounded like the rows, until they are released.
 */
export function useTail(input: {
  topic: string;
  partition: number | undefined;
  isOn: boolean;
  isHeld: boolean;
}): Tail {
  const { topic, partition, isOn, isHeld } = input;
  const source = `${topic}/${partition ?? '*'}`;
  const [tail, setTail] = useState<SourcedTail>({ ...nothing, source });
  const held = useRef(isHeld);
  useEffect(() => {
    held.current = isHeld;
  }, [isHeld]);
  useEffect(() => {
    if (!isOn) return;
    const change = (next: (before: SourcedTail) => SourcedTail) =>
      setTail((before) => next(before.source === source ? before : { ...nothing, source }));
    return liveStore.socket.stream(
      TailDocument,
      () => ({ topic, partition: partition ?? null }),
      ({ tail: frame }) =>
        change((before) => {
          const next = {
            ...before,
            waiting: withNewest(before.waiting, frame.records),
            held: before.held + frame.records.length,
            skipped: before.skipped + frame.skipped,
            error: null,
          };
          return held.current ? next : released(next);
        }),
      (error) => change((before) => ({ ...before, error })),
    );
  }, [source, topic, partition, isOn]);
  if (tail.source !== source) return nothing;
  return isHeld ? tail : released(tail);
}

/** Moves what waited in front of what is shown. */
function released(tail: SourcedTail): SourcedTail {
  if (tail.waiting.length === 0) return tail;
  const records = withNewest(tail.records, tail.waiting.toReversed());
  return { ...tail, records, waiting: [], held: 0 };
}
