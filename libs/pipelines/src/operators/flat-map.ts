import type { ValueNode } from '../topology/nodes.ts';
import { apply } from './apply.ts';
import type { Item } from './item.ts';
import { inOrder, type Maybe, Operator, PoisonRecord, type TaskPort } from './operator.ts';

export class FlatMapOperator extends Operator {
  readonly #node: ValueNode;
  readonly #task: TaskPort;
  readonly #name: string;

  constructor(node: ValueNode, task: TaskPort) {
    super();
    this.#node = node;
    this.#task = task;
    this.#name = `flatMap ${node.label}`;
  }

  override onItem(item: Item): Maybe {
    const { apply: spread } = this.#node;
    return apply(
      this.#task,
      this.#name,
      item,
      () => spread(item.value, this.#task.contextOf(item)),
      (values) => {
        if (!Array.isArray(values)) {
          throw new PoisonRecord(this.#name, new TypeError('flatMap must return an array'));
        }
        if (values.length === 0) this.#task.filtered();
        const items = values.map((value: unknown, index) =>
          item.withValue(value, `${item.id}/${index}`),
        );
        return inOrder(items, (part) => this.forward(part));
      },
    );
  }
}
