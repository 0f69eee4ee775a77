import type { Outbox, StateBacking, StateChanges } from './state-backing.ts';
import { KeyedSpace } from './keyed-space.ts';
import { TimedSpace } from './timed-space.ts';
import { UndoLog } from './undo-log.ts';

/**
 * The state of one task: named spaces of keys and of entries in the order of time. What is used
 * stays in memory; `commit` writes what changed since the last one, with the positions that it
 * belongs to, as a whole.
 *
 * Work on one record is a unit: between `begin` and `end` every change can be undone by `rollback`,
 * so that a record whose third operator throws has not been counted by the first.
 */
export class TaskState {
  readonly #backing: StateBacking;
  readonly #undo = new UndoLog();
  readonly #keyed = new Map<string, KeyedSpace>();
  readonly #timed = new Map<string, TimedSpace>();
  #sequence: number;
  #deliveredUpTo: number;

  constructor(backing: StateBacking) {
    this.#backing = backing;
    const { sequence, deliveredUpTo } = parseHeader(backing.readHeader());
    this.#sequence = sequence;
    this.#deliveredUpTo = deliveredUpTo;
  }

  /** What `commit` was given last; null in a new state. */
  readPositions(): unknown {
    return positionsIn(this.#backing.readHeader());
  }

  /** Outputs that may not have been delivered before the last end of the task. */
  undelivered(): Outbox[] {
    return this.#backing.undelivered().filter(({ sequence }) => sequence > this.#deliveredUpTo);
  }

  keyed(space: string): KeyedSpace {
    let kept = this.#keyed.get(space);
    if (kept === undefined) {
      kept = new KeyedSpace(space, this.#backing, this.#undo);
      this.#keyed.set(space, kept);
    }
    return kept;
  }

  timed(space: string): TimedSpace {
    let kept = this.#timed.get(space);
    if (kept === undefined) {
      kept = new TimedSpace(space, this.#backing, this.#undo);
      this.#timed.set(space, kept);
    }
    return kept;
  }

  begin(): void {
    this.#undo.begin();
  }

  end(): void {
    this.#undo.end();
  }

  /** Undoes everything since `begin`. */
  rollback(): void {
    this.#undo.rollback();
  }

  /**
   * Makes the changes durable together with `positions` and with outputs that are still to be
   * delivered. Returns the number of these outputs, for `delivered`.
   */
  commit(positions: unknown, outputs: Uint8Array | null): number {
    const outbox = outputs === null ? null : { sequence: this.#sequence + 1, bytes: outputs };
    this.#sequence = outbox?.sequence ?? this.#sequence;
    const changes: StateChanges = {
      header: JSON.stringify({
        positions,
        sequence: this.#sequence,
        deliveredUpTo: this.#deliveredUpTo,
      }),
      keyed: new Map([...this.#keyed].map(([name, space]) => [name, space.changes()])),
      timed: new Map([...this.#timed].map(([name, space]) => [name, space.changes()])),
      outbox,
      deliveredUpTo: this.#deliveredUpTo,
    };
    this.#backing.write(changes);
    this.#keyed.forEach((space) => space.settle());
    this.#timed.forEach((space) => space.settle());
    return this.#sequence;
  }

  /** The outputs up to this sequence are delivered. The next commit forgets them. */
  delivered(sequence: number): void {
    this.#deliveredUpTo = Math.max(this.#deliveredUpTo, sequence);
  }

  /** Everything under a key, for people and tests. */
  *inspect(): Generator<readonly [space: string, key: string, value: unknown]> {
    for (const [name, space] of this.#keyed) {
      for (const [key, value] of space.entries()) yield [name, key, value];
    }
  }

  close(): void {
    this.#backing.close();
  }
}

/** What a state was committed with, by its header; null in a new state. */
export function positionsIn(header: string | null): unknown {
  return parseHeader(header).positions;
}

function parseHeader(json: string | null): {
  positions: unknown;
  sequence: number;
  deliveredUpTo: number;
} {
  return json === null
    ? { positions: null, sequence: 0, deliveredUpTo: 0 }
    : (JSON.parse(json) as { positions: unknown; sequence: number; deliveredUpTo: number });
}
