import { createHash } from 'node:crypto';
import type { ProcessNode } from '../topology/nodes.ts';
import type { KeyedSpace } from '../state/keyed-space.ts';
import type { TimedEntry, TimedSpace } from '../state/timed-space.ts';
import { apply } from './apply.ts';
import { Item } from './item.ts';
import { inOrder, keyFor, type Maybe, Operator, type TaskPort, whileDue } from './operator.ts';
import { HandlerContext, type ScheduledTimer } from './handler-context.ts';
import { isItsTurn, WaitingItems } from './waiting-items.ts';

interface Timer {
  readonly key: string;
  readonly value: unknown;
  /** The item whose record it keeps. */
  readonly item?: unknown;
}

/**
 * Handlers per key, in the order of event time. A record waits until the watermark has passed it,
 * and so does a timer; at equal times records come before timers.
 *
 * A late one that is applied has its turn where its log had come to (WaitingItems). A record that
 * is not late by the measure of its own partition may still come after the watermark has passed it,
 * when its partition had been idle. It is handled at once.
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
    this.#waiting = new WaitingItems(task.state, `${space}.waiting`);
    this.#timers = task.state.timed(`${space}.timers`);
    this.#states = task.state.keyed(`${space}.state`);
  }

  override onItem(item: Item): Maybe {
    keyFor(item, this.#stage);
    if (isLate(item)) {
      const { late } = this.#node;
      this.#task.late(item, this.#stage, item.mark - item.time, late);
      if (late !== 'apply') return;
    }
    this.#task.took();
    if (isItsTurn(item, this.watermark)) return this.#onRecord(item);
    this.#waiting.put(item);
  }

  override onWatermark(): Maybe {
    return whileDue(this.#task, () => {
      if (this.#waiting.firstTime() <= this.#timers.firstTime()) {
        return this.#waiting.isDue(this.watermark) ? this.#releaseRecord() : false;
      }
      return this.#timers.firstTime() < this.watermark ? this.#fireTimer() : false;
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
        return this.#onRecord(item);
      },
      take,
    );
  }

  #fireTimer(): Maybe {
    const { time, order, value: timer } = this.#timers.peek() as TimedEntry;
    const { key, value, item: kept } = timer as Timer;
    const ofNoRecord = {
      topic: this.#task.pipeline,
      partition: this.#task.number,
      offset: -1,
      timestamp: time,
      record: null,
    };
    const item = new Item({
      origin: kept === undefined ? ofNoRecord : Item.revive(kept).origin,
      value,
      key,
      time,
      mark: -Infinity,
      id: `${key}@${new Date(time).toISOString()}${value === null ? '' : `/${shortened(order)}`}`,
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

  #onRecord(item: Item): Maybe {
    // It may have come in another unit: it is no late record for those behind either.
    this.#task.took();
    return this.#handle(item, this.#node.onRecord, 'onRecord', isLate(item));
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
        if (context.wasTooLate) this.#task.refuseLate(item, item.mark - item.time);
        if (context.usedState) this.#states.set(key, context.state);
        context.timers.forEach((timer) => this.#schedule(key, item, timer));
        const outputs = context.emitted.map((value, index) =>
          item.withValue(value, `${item.id}/${index}`),
        );
        return inOrder(outputs, (output) => this.forward(output));
      },
    );
  }

  /** The same value at the same time for the same key is one timer. A time in the past is now. */
  #schedule(key: string, by: Item, { at, value, keepRecord }: ScheduledTimer): void {
    const time = Math.max(at, by.time);
    const keeps = keepRecord && by.origin.record !== null;
    const timer: Timer = { key, value, ...(keeps && { item: by.with({ value: null }).toJSON() }) };
    const name = JSON.stringify(keeps ? [key, value, by.id] : [key, value]);
    this.#timers.put(time, name, timer);
    if (time < this.watermark) this.#task.wake();
  }

  #tableOf(topic: string): ProcessNode['tables'][number] {
    const source = this.#node.tables.find((table) => table.topic === topic);
    if (source === undefined) {
      throw new TypeError(`${this.#stage} does not name the table ${topic} in its tables`);
    }
    return source;
  }
}

function isLate({ time, mark }: Item): boolean {
  return time < mark;
}

/** Tells a timer from others of its key and time. */
function shortened(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 16);
}
