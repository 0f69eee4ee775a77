import type { ValueNode } from '../topology/nodes.ts';
import { apply } from './apply.ts';
import type { Item } from './item.ts';
import { type Maybe, Operator, type TaskPort } from './operator.ts';

export class FilterOperator extends Operator {
  readonly #node: ValueNode;
  readonly #task: TaskPort;
  readonly #name: string;

  constructor(node: ValueNode, task: TaskPort) {
    super();
    this.#node = node;
    this.#task = task;
    this.#name = `filter ${node.label}`;
  }

  override onItem(item: Item): Maybe {
    const { apply: test } = this.#node;
    return apply(
      this.#task,
      this.#name,
      item,
      () => test(item.value, this.#task.contextOf(item)),
      (passes) => (passes === true ? this.forward(item) : this.#task.filtered()),
    );
  }
}
