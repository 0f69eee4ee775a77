import type { KeyByNode } from '../topology/nodes.ts';
import { HandlerOperator } from './handler-operator.ts';
import type { Item } from './item.ts';
import { type Maybe, PoisonRecord, type TaskPort } from './operator.ts';

export class KeyByOperator extends HandlerOperator {
  readonly #keepsKey: boolean;

  constructor({ label, key }: KeyByNode, task: TaskPort) {
    super(`keyBy ${label}`, key ?? (() => null), task);
    this.#keepsKey = key === null;
  }

  override onItem(item: Item): Maybe {
    return this.#keepsKey ? this.forward(item) : super.onItem(item);
  }

  override onAnswer(item: Item, key: unknown): Maybe {
    if (typeof key !== 'string' && key !== null) {
      throw new PoisonRecord(
        this.name,
        new TypeError(`a key is a text or null, not ${typeof key}`),
      );
    }
    return this.forward(item.withKey(key));
  }
}
