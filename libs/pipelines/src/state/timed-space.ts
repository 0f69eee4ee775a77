import { compareTimed } from './memory-backing.ts';
import type { StateBacking, TimedKey } from './state-backing.ts';
import type { UndoLog } from './undo-log.ts';

/** Entries that are read ahead from the backing, the earliest first. */
const READ_AHEAD = 10_000;

export interface TimedEntry extends TimedKey {
  readonly value: unknown;
}

interface Entry extends TimedKey {
  /** Of its time and order. */
  readonly name: string;
  /** Never changes while the entry is here, so that it is turned into JSON at the commit only. */
  readonly value: unknown;
  /** Whether the backing holds it. */
  kept: boolean;
  gone: boolean;
}

const BEFORE_ALL: TimedKey = { time: -Infinity, order: '' };

/**
 * Entries in the order of their time, then of a text: records that wait, timers, windows that will
 * close. The earliest are in memory; of those behind the `horizon` the backing knows, and the ones
 * that came since the last commit.
 *
 * Invariant: every entry at or before the horizon is in the heap; the horizon only moves forward.
 */
export class TimedSpace {
  readonly #name: string;
  readonly #backing: StateBacking;
  readonly #undo: UndoLog;
  readonly #heap: Entry[] = [];
  /** New entries behind the horizon. */
  #beyond: Entry[] = [];
  /** Entries whose being there, or not, the next commit writes. */
  readonly #changed = new Set<Entry>();
  /** Entries in memory, so that one can be removed by name. */
  readonly #byName = new Map<string, Entry>();
  #horizon: TimedKey = BEFORE_ALL;
  /** Nothing lies behind the horizon. */
  #complete = false;

  constructor(name: string, backing: StateBacking, undo: UndoLog) {
    this.#name = name;
    this.#backing = backing;
    this.#undo = undo;
    this.#readAhead();
  }

  /** Adds an entry; one at the same time with the same order is replaced. */
  put(time: number, order: string, value: unknown): void {
    const name = nameOf(time, order);
    this.#remove({ name, time, order });
    const entry: Entry = { name, time, order, value, kept: false, gone: false };
    this.#insert(entry);
    this.#changed.add(entry);
    this.#undo.add(() => this.#drop(entry));
  }

  /** Removes an entry if there is one. */
  remove(time: number, order: string): void {
    this.#remove({ name: nameOf(time, order), time, order });
  }

  #remove(named: TimedKey & { readonly name: string }): void {
    const entry = this.#byName.get(named.name);
    if (entry !== undefined) {
      this.#take(entry);
    } else if (!this.#complete && compareTimed(named, this.#horizon) > 0) {
      // It may be in the backing alone.
      const ghost: Entry = { ...named, value: null, kept: true, gone: true };
      this.#changed.add(ghost);
      this.#undo.add(() => this.#changed.delete(ghost));
    }
  }

  /** Entries that are in memory; those far behind the first are not. */
  get size(): number {
    return this.#byName.size;
  }

  /** Time of the earliest entry; Infinity when there is none. */
  firstTime(): number {
    return this.#first()?.time ?? Infinity;
  }

  /** The earliest entry; it stays. */
  peek(): TimedEntry | null {
    return this.#first() ?? null;
  }

  /** Removes the earliest entry and returns it; null when there is none. */
  take(): TimedEntry | null {
    const entry = this.#first();
    if (entry === undefined) return null;
    this.#take(entry);
    return entry;
  }

  changes(): Array<TimedKey & { readonly json: string | null }> {
    return [...this.#changed].map(({ time, order, value, gone }) => ({
      time,
      order,
      json: gone ? null : JSON.stringify(value),
    }));
  }

  /** The changes are written. */
  settle(): void {
    for (const entry of this.#changed) {
      entry.kept = !entry.gone;
    }
    this.#changed.clear();
    if (!this.#complete && this.#beyond.length > 0) {
      this.#beyond.forEach(({ name }) => this.#byName.delete(name));
      this.#beyond = [];
    }
  }

  #first(): Entry | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined) {
        if (this.#complete) return undefined;
        this.#readAhead();
      } else if (top.gone) {
        popHeap(this.#heap);
      } else {
        return top;
      }
    }
  }

  #readAhead(): void {
    const entries = this.#backing.timed(this.#name, this.#horizon, READ_AHEAD);
    this.#complete = entries.length < READ_AHEAD;
    this.#horizon = entries.at(-1) ?? this.#horizon;
    const removed = new Set([...this.#changed].filter(({ gone }) => gone).map(({ name }) => name));
    const replaced = new Set(this.#beyond.map(({ name }) => name));
    for (const { time, order, json } of entries) {
      const name = nameOf(time, order);
      if (!removed.has(name) && !replaced.has(name)) {
        this.#insert({ name, time, order, value: JSON.parse(json), kept: true, gone: false });
      }
    }
    const beyond = this.#beyond;
    this.#beyond = [];
    beyond.filter(({ gone }) => !gone).forEach((entry) => this.#insert(entry));
  }

  #insert(entry: Entry): void {
    this.#byName.set(entry.name, entry);
    if (this.#complete || compareTimed(entry, this.#horizon) <= 0) {
      pushHeap(this.#heap, entry);
    } else {
      this.#beyond.push(entry);
    }
  }

  #take(entry: Entry): void {
    this.#drop(entry);
    this.#undo.add(() => {
      entry.gone = false;
      if (entry.kept) this.#changed.delete(entry);
      else this.#changed.add(entry);
      this.#insert(entry);
    });
  }

  #drop(entry: Entry): void {
    entry.gone = true;
    if (this.#byName.get(entry.name) === entry) this.#byName.delete(entry.name);
    if (entry.kept) this.#changed.add(entry);
    else this.#changed.delete(entry);
    if (this.#heap[0] === entry) popHeap(this.#heap);
  }
}

function nameOf(time: number, order: string): string {
  return `${time} ${order}`;
}

function pushHeap(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as Entry;
    if (compareTimed(above, entry) <= 0) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = entry;
}

function popHeap(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    const [left, right] = [heap[child], heap[child + 1]];
    if (left === undefined) break;
    if (right !== undefined && compareTimed(right, left) < 0) child += 1;
    const smaller = heap[child] as Entry;
    if (compareTimed(last, smaller) <= 0) break;
    heap[at] = smaller;
    at = child;
  }
  heap[at] = last;
}
