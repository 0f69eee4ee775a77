import type { ProcessNode } from '../topology/nodes.ts';
import type { KeyedSpace } from '../state/keyed-space.ts';
import type { TimedSpace } from '../state/timed-space.ts';
import { apply } from './apply.ts';
import { Item } from './item.ts';
import { inOrder, keyFor, type Maybe, Operator, type TaskPort, whileDue } from './operator.ts';
import { HandlerContext } from './handler-context.ts';
import { WaitingItems } from './waiting-items.ts';

interface Timer {
  readonly key: string;
  readonly value: unknown;
}

/**
 * Handlers per key, in the order of event time. A record waits until the watermark has passed it,
 * and so does a timer; at equal times records come before timers.
 *
 * A record that is not late by the measure of its own partition may still come after the watermark
 * has passed it, when its partition had been idle. It is handled at once.
 */
export class ProcessOperator extends Operator {
  readonly #node: ProcessNode;
  readonly #task: TaskPort;
  readonly #waiting: WaitingItems;
  readonly #timers: TimedSpace;
  readonly #states: KeyedSpace;
  readonly #stage: string;
  readonly #names: { readonly onRecord: string; readonly onTimer: string };

  constructor(node: ProcessNode, task: TaskPort, space: string) {
    super();
    this.#node = node;
    this.#task = task;
    this.#stage = `process ${node.label}`;
    this.#names = { onRecord: `${this.#stage} onRecord`, onTimer: `${this.#stage} onTimer` };
    this.#waiting = new WaitingItems(task.state.timed(`${space}.waiting`));
    this.#timers = task.state.timed(`${space}.timers`);
    this.#states = task.state.keyed(`${space}.state`);
  }

  override onItem(item: Item): Maybe {
    keyFor(item, this.#stage);
    if (item.time < item.mark) {
      const { late } = this.#node;
      this.#task.late(item, this.#stage, item.mark - item.time, late);
      return late === 'apply' ? this.#onRecord(item, true) : undefined;
    }
    this.#task.took();
    if (item.time < this.watermark) {
      return this.#onRecord(item, false);
    }
    this.#waiting.put(item);
  }

  override onWatermark(): Maybe {
    return whileDue(this.#task, () => {
      const [record, timer] = [this.#waiting.firstTime(), this.#timers.firstTime()];
      if (Math.min(record, timer) >= this.watermark) return false;
      return record <= timer ? this.#releaseRecord() : this.#fireTimer();
    });
  }

  override nextTimer(): number {
    return this.#timers.firstTime();
  }

  override pending(): number {
    return this.#waiting.size;
  }

  #releaseRecord(): Maybe {
    const item = this.#waiting.peek() as Item;
    const take = (): void => this.#waiting.take();
    return this.#task.guard(
      item,
      () => {
        take();
        return this.#onRecord(item, false);
      },
      take,
    );
  }

  #fireTimer(): Maybe {
    const entry = this.#timers.peek() as { time: number; value: unknown };
    const { key, value } = entry.value as Timer;
    const item = new Item({
      origin: {
        topic: this.#task.pipeline,
        partition: this.#task.number,
        offset: -1,
        timestamp: entry.time,
        record: null,
      },
      value,
      key,
      time: entry.time,
      mark: -Infinity,
      id: `${key}@${new Date(entry.time).toISOString()}`,
      changed: true,
      window: null,
    });
    const take = (): void => {
      this.#timers.take();
    };
    return this.#task.guard(
      item,
      () => {
        take();
        return this.#handle(item, this.#node.onTimer, 'onTimer', false);
      },
      take,
    );
  }

  #onRecord(item: Item, late: boolean): Maybe {
    return this.#handle(item, this.#node.onRecord, 'onRecord', late);
  }

  #handle(
    item: Item,
    handler: ProcessNode['onTimer'],
    name: 'onRecord' | 'onTimer',
    late: boolean,
  ): Maybe {
    if (handler === null) return;
    const key = keyFor(item, this.#stage);
    const context = new HandlerContext(this.#task.contextOf(item), {
      key,
      late,
      loadState: () => this.#states.get(key) ?? this.#node.state(key),
      table: (table) => this.#task.table(this.#tableOf(table.topic)),
    });
    return apply(
      this.#task,
      this.#names[name],
      item,
      () => handler(item.value, context),
      () => {
        if (context.usedState) this.#states.set(key, context.state);
        context.timers.forEach(({ at, value }) =>
          this.#schedule(key, Math.max(at, item.time), value),
        );
        const outputs = context.emitted.map((value, index) =>
          item.withValue(value, `${item.id}/${index}`),
        );
        return inOrder(outputs, (output) => this.forward(output));
      },
    );
  }

  /** The same value at the same time for the same key is one timer. A time in the past is now. */
  #schedule(key: string, at: number, value: unknown): void {
    const timer: Timer = { key, value };
    this.#timers.put(at, JSON.stringify([key, value]), timer);
    if (at < this.watermark) this.#task.wake();
  }

  #tableOf(topic: string): ProcessNode['tables'][number] {
    const source = this.#node.tables.find((table) => table.topic === topic);
    if (source === undefined) {
      throw new TypeError(`${this.#stage} does not name the table ${topic} in its tables`);
    }
    return source;
  }
}
