import type { ValueNode } from '../topology/nodes.ts';
import { asPoison, callMarked } from './apply.ts';
import type { Item } from './item.ts';
import { type Maybe, Operator, type TaskPort } from './operator.ts';

/**
 * Items that may be here for each call that may be under way: one busy key must not stop others.
 */
const WAITING_FACTOR = 4;

/**
 * Calls that take time, several at once. Calls of one key follow each other, and what they make
 * goes on in their order; a call that is tried again holds up nothing but its own key.
 */
export class MapAsyncOperator extends Operator {
  readonly #node: ValueNode;
  readonly #task: TaskPort;
  /** The end of what is under way, by key. */
  readonly #lastOfKey = new Map<string | null, Promise<void>>();
  readonly #underWay = new Set<Promise<void>>();
  /** What was made goes on one item at a time. */
  #forwarding: Promise<void> = Promise.resolve();
  #running = 0;
  readonly #waiting: Array<() => void> = [];
  readonly #items = new Set<Item>();
  #failure: unknown = null;

  constructor(node: ValueNode, task: TaskPort) {
    super();
    this.#node = node;
    this.#task = task;
  }

  override onItem(item: Item): Maybe {
    if (this.#failure !== null) throw this.#failure;
    // What comes of a record that is tried again, or given up, must not be called meanwhile.
    this.#task.afterUnit(() => this.#start(item));
  }

  #start(item: Item): void {
    const key = item.effectiveKey;
    this.#items.add(item);
    const before = key === null ? undefined : this.#lastOfKey.get(key);
    const call = (before ?? Promise.resolve()).then(() => this.#run(item));
    const settled = call
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .then(() => {
        this.#underWay.delete(settled);
        this.#items.delete(item);
        this.#task.wake();
        if (this.#lastOfKey.get(key) === settled) this.#lastOfKey.delete(key);
      });
    this.#underWay.add(settled);
    if (key !== null) this.#lastOfKey.set(key, settled);
  }

  override room(): Promise<void> | undefined {
    return this.#underWay.size < WAITING_FACTOR * this.#node.concurrency
      ? undefined
      : Promise.race(this.#underWay).then(() => this.room());
  }

  override async drain(): Promise<void> {
    while (this.#underWay.size > 0) {
      await Promise.all(this.#underWay);
    }
    await this.#forwarding;
    if (this.#failure !== null) throw this.#failure;
  }

  override pending(): number {
    return this.#underWay.size;
  }

  override underWay(): Pick<Item, 'time' | 'mark'> | null {
    if (this.#items.size === 0) return null;
    let [time, mark] = [Infinity, Infinity];
    for (const item of this.#items) {
      time = Math.min(time, item.time);
      mark = Math.min(mark, item.mark);
    }
    return { time, mark };
  }

  async #run(item: Item): Promise<void> {
    const callsMax = this.#task.oneAtATime ? 1 : this.#node.concurrency;
    while (this.#running >= callsMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running += 1;
    try {
      await this.#call(item);
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #call(item: Item): Promise<void> {
    const name = `mapAsync ${this.#node.label}`;
    let made: { value: unknown } | null = null;
    await this.#task.attempt(item, async (attempt) => {
      const context = this.#task.contextOf(item, attempt);
      const call = callMarked(this.#task, name, item, () => this.#node.apply(item.value, context));
      try {
        made = { value: await this.#task.inTime(Promise.resolve(call), name, item) };
      } catch (cause) {
        throw asPoison(name, cause);
      }
    });
    if (made === null) return;
    const { value } = made as { value: unknown };
    const turn = this.#forwarding.then(() =>
      this.#task.guard(item, () => this.forward(item.withValue(value))),
    );
    this.#forwarding = turn.catch(() => {});
    await turn;
  }
}
