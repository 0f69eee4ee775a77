import type { FoldNode } from '../topology/nodes.ts';
import type { KeyedSpace } from '../state/keyed-space.ts';
import { addTo, resultOf } from './fold.ts';
import { Item } from './item.ts';
import { inOrder, keyFor, type Maybe, Operator, type TaskPort } from './operator.ts';

/** One aggregate per key over everything. A commit sends on the rows of the keys that changed. */
export class AggregateOperator extends Operator {
  readonly #node: FoldNode;
  readonly #task: TaskPort;
  readonly #accumulators: KeyedSpace;
  /** The last item of each key whose row is to be sent on. */
  readonly #changed = new Map<string, Item>();

  constructor(node: FoldNode, task: TaskPort, space: string) {
    super();
    this.#node = node;
    this.#task = task;
    this.#accumulators = task.state.keyed(`${space}.aggregate`);
  }

  override onItem(item: Item): Maybe {
    const key = keyFor(item, `aggregate ${this.#node.label}`);
    const before = this.#accumulators.get(key);
    this.#accumulators.set(key, addTo(this.#node, this.#task, before, key, item));
    this.#changed.set(key, item);
  }

  override onCommit(): Maybe {
    const changed = [...this.#changed];
    this.#changed.clear();
    return inOrder(changed, ([key, last]) => {
      const accumulator = this.#accumulators.get(key);
      // The only record of the key was given up after all.
      if (accumulator === undefined) return;
      const row = new Item({
        origin: { ...last.origin, offset: -1, topic: this.#task.pipeline, record: null },
        value: undefined,
        key,
        time: last.time,
        mark: -Infinity,
        id: key,
        changed: true,
        window: null,
      });
      return this.#task.guard(row, () =>
        this.forward(row.withValue({ key, ...resultOf(this.#node, this.#task, accumulator, row) })),
      );
    });
  }
}
