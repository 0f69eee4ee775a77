import type { BranchNode } from '../topology/nodes.ts';
import { apply } from './apply.ts';
import type { Item } from './item.ts';
import { type Maybe, Operator, type TaskPort } from './operator.ts';

/** Lets through what its test takes. The branch is part of the identity of what comes of it. */
export class BranchOperator extends Operator {
  readonly #node: BranchNode;
  readonly #task: TaskPort;
  readonly #name: string;

  constructor(node: BranchNode, task: TaskPort) {
    super();
    this.#node = node;
    this.#task = task;
    this.#name = `branch ${node.name}`;
  }

  override onItem(item: Item): Maybe {
    const { name, test } = this.#node;
    return apply(
      this.#task,
      this.#name,
      item,
      () => test(item.value, this.#task.contextOf(item)),
      (passes) => (passes === true ? this.forward(item.withId(`${item.id}/${name}`)) : undefined),
    );
  }
}
