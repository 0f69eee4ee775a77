import type { DedupeNode } from '../topology/nodes.ts';
import type { KeyedSpace } from '../state/keyed-space.ts';
import type { TimedSpace } from '../state/timed-space.ts';
import { apply } from './apply.ts';
import type { Item } from './item.ts';
import { keyFor, type Maybe, Operator, PoisonRecord, type TaskPort, whileDue } from './operator.ts';
import { WaitingItems } from './waiting-items.ts';

/**
 * Lets through the first of the records of a key that have the same identity, in event-time order.
 * A late one is judged when it comes, by those that were let through before.
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
    this.#waiting = new WaitingItems(task.state.timed(`${space}.waiting`));
    this.#seen = task.state.keyed(`${space}.seen`);
    this.#expiring = task.state.timed(`${space}.expiring`);
  }

  override onItem(item: Item): Maybe {
    keyFor(item, 'dedupe');
    if (item.time < item.mark || item.time < this.watermark) {
      return this.#judge(item);
    }
    this.#waiting.put(item);
  }

  override onWatermark(): Maybe {
    const released = whileDue(this.#task, () =>
      this.#waiting.firstTime() < this.watermark ? this.#release() : false,
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
        const first = this.#seen.get(name) as number | undefined;
        if (first !== undefined && Math.abs(item.time - first) <= this.#node.withinMs) {
          return this.#task.filtered();
        }
        this.#seen.set(name, item.time);
        this.#expiring.put(item.time + this.#node.withinMs, name, null);
        return this.forward(item);
      },
    );
  }

  #forget(): void {
    while (this.#expiring.firstTime() < this.settledUpTo) {
      const { time, order } = this.#expiring.take() as { time: number; order: string };
      // Seen again since: that one has an entry of its own.
      if ((this.#seen.get(order) as number) + this.#node.withinMs === time) {
        this.#seen.set(order, undefined);
      }
    }
  }
}
