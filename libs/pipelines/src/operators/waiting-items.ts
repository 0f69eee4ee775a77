import type { TimedSpace } from '../state/timed-space.ts';
import { Item } from './item.ts';

/**
 * Items that wait until event time has passed them, in its order; ties by their source position.
 */
export class WaitingItems {
  readonly #space: TimedSpace;

  constructor(space: TimedSpace) {
    this.#space = space;
  }

  get size(): number {
    return this.#space.size;
  }

  /** Takes an item, to wait for its own time or for another. */
  put(item: Item, until: number = item.time): void {
    this.#space.put(until, item.order, item);
  }

  firstTime(): number {
    return this.#space.firstTime();
  }

  /** The earliest item, which stays. */
  peek(): Item | null {
    const entry = this.#space.peek();
    return entry === null ? null : Item.revive(entry.value);
  }

  take(): void {
    this.#space.take();
  }
}
