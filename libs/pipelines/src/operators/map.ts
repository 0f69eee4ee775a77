import { HandlerOperator } from './handler-operator.ts';
import type { Item } from './item.ts';
import type { Maybe } from './operator.ts';

export class MapOperator extends HandlerOperator {
  override onAnswer(item: Item, value: unknown): Maybe {
    return this.forward(item.withValue(value));
  }
}
