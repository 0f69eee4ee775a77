import { HandlerOperator } from './handler-operator.ts';
import type { Item } from './item.ts';
import { inOrder, type Maybe, PoisonRecord } from './operator.ts';

export class FlatMapOperator extends HandlerOperator {
  override onAnswer(item: Item, values: unknown): Maybe {
    if (!Array.isArray(values)) {
      throw new PoisonRecord(this.name, new TypeError('flatMap must return an array'));
    }
    if (values.length === 0) this.task.filtered();
    const items = values.map((value: unknown, index) =>
      item.withValue(value, `${item.id}/${index}`),
    );
    return inOrder(items, (part) => this.forward(part));
  }
}
