import type { ValueNode } from '../topology/nodes.ts';
import { apply } from './apply.ts';
import type { Item } from './item.ts';
import { type Maybe, Operator, type TaskPort } from './operator.ts';

export class MapOperator extends Operator {
  readonly #node: ValueNode;
  readonly #task: TaskPort;
  readonly #name: string;

  constructor(node: ValueNode, task: TaskPort) {
    super();
    this.#node = node;
    this.#task = task;
    this.#name = `map ${node.label}`;
  }

  override onItem(item: Item): Maybe {
    const { apply: change } = this.#node;
    return apply(
      this.#task,
      this.#name,
      item,
      () => change(item.value, this.#task.contextOf(item)),
      (value) => this.forward(item.withValue(value)),
    );
  }
}
