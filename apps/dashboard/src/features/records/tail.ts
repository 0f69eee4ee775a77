import { useEffect, useState } from 'react';
import { TailDocument, type RecordRowFragment } from '../../generated/graphql.ts';
import { liveStore } from '../../live/live-store.ts';

export type RecordRow = RecordRowFragment;

export interface Tail {
  /** Newest first, at most 200. */
  records: readonly RecordRow[];
  /** Records that came but were left out by the rate cap, since the tail began. */
  skipped: number;
  /** Records that came while held. */
  held: number;
  error: string | null;
}

const rowsMax = 200;
const nothing: Tail = { records: [], skipped: 0, held: 0, error: null };

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

/** New records of a topic as they arrive, on the tab's one socket; `isHeld` keeps the rows as they are. */
export function useTail(input: {
  topic: string;
  partition: number | undefined;
  isOn: boolean;
  isHeld: boolean;
}): Tail {
  const { topic, partition, isOn, isHeld } = input;
  const [tail, setTail] = useState(nothing);
  useEffect(() => setTail(nothing), [topic, partition]);
  useEffect(() => {
    if (!isOn) return;
    return liveStore.socket.stream(
      TailDocument,
      () => ({ topic, partition: partition ?? null }),
      ({ tail: frame }) =>
        setTail((before) => ({
          records: isHeld ? before.records : withNewest(before.records, frame.records),
          skipped: before.skipped + frame.skipped,
          held: isHeld ? before.held + frame.records.length : 0,
          error: null,
        })),
      (error) => setTail((before) => ({ ...before, error })),
    );
  }, [topic, partition, isOn, isHeld]);
  return tail;
}
