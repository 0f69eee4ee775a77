import type { Outbox, StateBacking, StateChanges, TimedEntry, TimedKey } from './state-backing.ts';

/** State that lives as long as the object: for tests, and for tasks without state. */
export class MemoryBacking implements StateBacking {
  readonly #keyed = new Map<string, Map<string, string>>();
  readonly #timed = new Map<string, TimedEntry[]>();
  #outboxes: Outbox[] = [];
  #header: string | null = null;

  read(space: string, key: string): string | null {
    return this.#keyed.get(space)?.get(key) ?? null;
  }

  isEmpty(space: string): boolean {
    return (this.#keyed.get(space)?.size ?? 0) === 0;
  }

  entries(space: string): Iterable<readonly [string, string]> {
    return this.#keyed.get(space)?.entries() ?? [];
  }

  timed(space: string, after: TimedKey, limit: number): TimedEntry[] {
    const entries = this.#timed.get(space) ?? [];
    const first = entries.findIndex((entry) => compareTimed(entry, after) > 0);
    return first < 0 ? [] : entries.slice(first, first + limit);
  }

  readHeader(): string | null {
    return this.#header;
  }

  undelivered(): Outbox[] {
    return [...this.#outboxes];
  }

  write(changes: StateChanges): void {
    this.#header = changes.header;
    for (const [space, entries] of changes.keyed) {
      const kept = this.#keyed.get(space) ?? new Map<string, string>();
      this.#keyed.set(space, kept);
      for (const [key, json] of entries) {
        if (json === null) {
          kept.delete(key);
        } else {
          kept.set(key, json);
        }
      }
    }
    for (const [space, entries] of changes.timed) {
      if (entries.length === 0) continue;
      const removed = new Set(entries.map(({ time, order }) => `${time} ${order}`));
      const kept = (this.#timed.get(space) ?? []).filter(
        ({ time, order }) => !removed.has(`${time} ${order}`),
      );
      for (const { time, order, json } of entries) {
        if (json !== null) kept.push({ time, order, json });
      }
      this.#timed.set(space, kept.sort(compareTimed));
    }
    if (changes.outbox !== null) this.#outboxes.push(changes.outbox);
    this.#outboxes = this.#outboxes.filter(({ sequence }) => sequence > changes.deliveredUpTo);
  }

  close(): void {}
}

/** By time, then by order in code units. */
export function compareTimed(left: TimedKey, right: TimedKey): number {
  if (left.time !== right.time) {
    return left.time - right.time;
  }
  return left.order < right.order ? -1 : left.order > right.order ? 1 : 0;
}
