import type { TableJoinNode } from '../topology/nodes.ts';
import type { KeyedSpace } from '../state/keyed-space.ts';
import { apply } from './apply.ts';
import { Item } from './item.ts';
import { inOrder, keyFor, type Maybe, Operator, type TaskPort } from './operator.ts';

/** Adds the newest row of the item's key. With `missing: 'wait'`, items wait until there is one. */
export class TableJoinOperator extends Operator {
  readonly #node: TableJoinNode;
  readonly #task: TaskPort;
  readonly #waiting: KeyedSpace;
  readonly #stage: string;
  #waitingItems = 0;

  constructor(node: TableJoinNode, task: TaskPort, space: string) {
    super();
    this.#node = node;
    this.#task = task;
    this.#stage = `joinTable ${node.label}`;
    this.#waiting = task.state.keyed(`${space}.waiting`);
  }

  override onItem(item: Item): Maybe {
    const { missing, table } = this.#node;
    const key = missing === 'null' ? item.effectiveKey : keyFor(item, this.#stage);
    const row = key === null ? undefined : this.#task.table(table).get(key);
    if (row !== undefined || missing === 'null') {
      return this.#join(item, row ?? null);
    }
    if (missing === 'skip') {
      return this.#task.filtered();
    }
    const waiting = (this.#waiting.get(key as string) as unknown[] | undefined) ?? [];
    this.#waiting.set(key as string, [...waiting, item.toJSON()]);
    this.#waitingItems += 1;
  }

  /** A row may have come after the last commit. */
  override onStart(): Maybe {
    if (this.#node.missing !== 'wait') return;
    const keys = [...this.#waiting.entries()].map(([key, waiting]) => {
      this.#waitingItems += (waiting as unknown[]).length;
      return key;
    });
    return inOrder(keys, (key) => this.#release(key));
  }

  override onTable(topic: string, keys: readonly string[]): Maybe {
    if (topic !== this.#node.table.topic || this.#node.missing !== 'wait') return;
    return inOrder(keys, (key) => this.#release(key));
  }

  override pending(): number {
    return this.#waitingItems;
  }

  #release(key: string): Maybe {
    const row = this.#task.table(this.#node.table).get(key);
    const waiting = this.#waiting.get(key) as unknown[] | undefined;
    if (row === undefined || waiting === undefined) return;
    this.#waiting.set(key, undefined);
    this.#waitingItems -= waiting.length;
    return inOrder(waiting.map(Item.revive), (item) =>
      this.#task.guard(item, () => this.#join(item, row)),
    );
  }

  #join(item: Item, row: unknown): Maybe {
    return apply(
      this.#task,
      this.#stage,
      item,
      () => this.#node.join(item.value, row, this.#task.contextOf(item)),
      (value) => this.forward(item.withValue(value)),
    );
  }
}
