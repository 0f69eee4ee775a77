import type { TaskState } from '../state/task-state.ts';
import type { TimedSpace } from '../state/timed-space.ts';
import { Item } from './item.ts';

/**
 * Items that wait until event time has passed them, in its order; ties by their source position.
 *
 * A late item comes when those of its own time may be forgotten. Its turn is where its log had come
 * to: behind the items of an earlier time than its mark, before the others. The mark is a matter of
 * its own partition, and event time never passes it before the item has come, unless the partition
 * was idle: so its turn depends neither on other partitions nor on commits.
 */
export class WaitingItems {
  readonly #onTime: TimedSpace;
  /** By their marks. */
  readonly #late: TimedSpace;

  constructor(state: TaskState, space: string) {
    this.#onTime = state.timed(space);
    this.#late = state.timed(`${space}.late`);
  }

  get size(): number {
    return this.#onTime.size + this.#late.size;
  }

  put(item: Item): void {
    if (item.time < item.mark) this.#late.put(item.mark, item.order, item);
    else this.#onTime.put(item.time, item.order, item);
  }

  /** When the turn of the first is; Infinity when there is none. */
  firstTime(): number {
    return Math.min(this.#onTime.firstTime(), this.#late.firstTime());
  }

  /** Whether it is the turn of the first. */
  isDue(watermark: number): boolean {
    return this.#first === this.#late
      ? this.#late.firstTime() <= watermark
      : this.#onTime.firstTime() < watermark;
  }

  /** The first item, which stays. */
  peek(): Item | null {
    const entry = this.#first.peek();
    return entry === null ? null : Item.revive(entry.value);
  }

  take(): void {
    this.#first.take();
  }

  get #first(): TimedSpace {
    return this.#late.firstTime() <= this.#onTime.firstTime() ? this.#late : this.#onTime;
  }
}

/** Whether the turn of an item that comes now is now. */
export function isItsTurn({ time, mark }: Item, watermark: number): boolean {
  return time < mark ? mark <= watermark : time < watermark;
}
