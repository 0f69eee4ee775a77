import type { DedupeNode } from '../topology/nodes.ts';
import type { KeyedSpace } from '../state/keyed-space.ts';
import type { TimedSpace } from '../state/timed-space.ts';
import { apply } from './apply.ts';
import type { Item } from './item.ts';
import { keyFor, type Maybe, Operator, PoisonRecord, type TaskPort, whileDue } from './operator.ts';
import { isItsTurn, WaitingItems } from './waiting-items.ts';

/**
 * Lets through the first of the records of a key that have the same identity, in event-time order.
 * A late one when its turn is (WaitingItems). What was let through is remembered until event time
 * has gone on by `within`.
 */
export class DedupeOperator extends Operator {
  readonly #node: DedupeNode;
  readonly #task: TaskPort;
  readonly #waiting: WaitingItems;
  readonly #seen: KeyedSpace;
  readonly #expiring: TimedSpace;

  constructor(node: DedupeNode, task: TaskPort, space: string) {
    super();
    this.#node = node;
    this.#task = task;
    this.#waiting = new WaitingItems(task.state, `${space}.waiting`);
    this.#seen = task.state.keyed(`${space}.seen`);
    this.#expiring = task.state.timed(`${space}.expiring`);
  }

  override onItem(item: Item): Maybe {
    keyFor(item, 'dedupe');
    if (isItsTurn(item, this.watermark)) return this.#judge(item);
    this.#waiting.put(item);
  }

  override onWatermark(): Maybe {
    const released = whileDue(this.#task, () =>
      this.#waiting.isDue(this.watermark) ? this.#release() : false,
    );
    return released instanceof Promise ? released.then(() => this.#forget()) : this.#forget();
  }

  override pending(): number {
    return this.#waiting.size;
  }

  #release(): Maybe {
    const item = this.#waiting.peek() as Item;
    const take = (): void => this.#waiting.take();
    return this.#task.guard(
      item,
      () => {
        take();
        return this.#judge(item);
      },
      take,
    );
  }

  #judge(item: Item): Maybe {
    return apply(
      this.#task,
      'dedupe',
      item,
      () => this.#node.by(item.value, this.#task.contextOf(item)),
      (identity) => {
        if (typeof identity !== 'string') {
          throw new PoisonRecord(
            'dedupe',
            new TypeError(`by must return a text, not ${typeof identity}`),
          );
        }
        const name = JSON.stringify([item.effectiveKey, identity]);
        const times = (this.#seen.get(name) ?? []) as readonly number[];
        if (times.some((time) => this.#isRepeated(item, time))) return this.#task.filtered();
        this.#seen.set(name, [...times, item.time]);
        this.#expiring.put(item.time + this.#node.withinMs, name, null);
        return this.forward(item);
      },
    );
  }

  /** Whether an item repeats one that was let through, of a time. */
  #isRepeated(item: Item, time: number): boolean {
    const { withinMs } = this.#node;
    // By its turn alone, and not by whether the entry happens to be here still.
    const turn = Math.max(item.time, item.mark);
    return Math.abs(item.time - time) <= withinMs && turn <= time + withinMs;
  }

  #forget(): void {
    while (this.#expiring.firstTime() < this.settledUpTo) {
      const { time, order } = this.#expiring.take() as { time: number; order: string };
      const times = this.#seen.get(order) as readonly number[];
      const left = times.filter((seen) => seen + this.#node.withinMs !== time);
      this.#seen.set(order, left.length === 0 ? undefined : left);
    }
  }
}
