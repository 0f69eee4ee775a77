import { HandlerOperator } from './handler-operator.ts';
import type { Item } from './item.ts';
import type { Maybe } from './operator.ts';

export class FilterOperator extends HandlerOperator {
  override onAnswer(item: Item, passes: unknown): Maybe {
    return passes === true ? this.forward(item) : this.task.filtered();
  }
}
