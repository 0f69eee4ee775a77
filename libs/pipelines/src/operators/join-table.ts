import type { TableJoinNode } from '../topology/nodes.ts';
import { KeptLists } from '../state/kept-lists.ts';
import { apply } from './apply.ts';
import { Item } from './item.ts';
import { inOrder, keyFor, type Maybe, Operator, type TaskPort } from './operator.ts';

/** Adds the newest row of the item's key. With `missing: 'wait'`, items wait until there is one. */
export class TableJoinOperator extends Operator {
  readonly #node: TableJoinNode;
  readonly #task: TaskPort;
  readonly #waiting: KeptLists<unknown>;
  readonly #stage: string;
  #waitingItems = 0;

  constructor(node: TableJoinNode, task: TaskPort, space: string) {
    super();
    this.#node = node;
    this.#task = task;
    this.#stage = `joinTable ${node.label}`;
    this.#waiting = new KeptLists(task.state.keyed(`${space}.waiting`));
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
    this.#waiting.push(key as string, item.toJSON());
    this.#task.afterUnit(() => (this.#waitingItems += 1));
  }

  /** A row may have come after the last commit. */
  override onStart(): Maybe {
    if (this.#node.missing !== 'wait') return;
    const keys = this.#waiting.names();
    for (const key of keys) this.#waitingItems += this.#waiting.lengthOf(key);
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
    const waiting = row === undefined ? [] : this.#waiting.at(key);
    if (waiting.length === 0) return;
    this.#waiting.remove(key);
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
