import type { KeyByNode } from '../topology/nodes.ts';
import { apply } from './apply.ts';
import type { Item } from './item.ts';
import { type Maybe, Operator, PoisonRecord, type TaskPort } from './operator.ts';

export class KeyByOperator extends Operator {
  readonly #node: KeyByNode;
  readonly #task: TaskPort;
  readonly #name: string;

  constructor(node: KeyByNode, task: TaskPort) {
    super();
    this.#node = node;
    this.#task = task;
    this.#name = `keyBy ${node.label}`;
  }

  override onItem(item: Item): Maybe {
    const { key: keyOf } = this.#node;
    if (keyOf === null) {
      return this.forward(item);
    }
    return apply(
      this.#task,
      this.#name,
      item,
      () => keyOf(item.value, this.#task.contextOf(item)),
      (key) => {
        if (typeof key !== 'string' && key !== null) {
          throw new PoisonRecord(
            this.#name,
            new TypeError(`a key is a text or null, not ${typeof key}`),
          );
        }
        return this.forward(item.withKey(key));
      },
    );
  }
}
