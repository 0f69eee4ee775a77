import type { OperatorContext } from '../topology/source-record.ts';
import { apply } from './apply.ts';
import type { Item } from './item.ts';
import { type Maybe, Operator, type TaskPort } from './operator.ts';

/** A function of the user that is called with the value of each item. */
type Handler = (value: unknown, context: OperatorContext) => unknown;

/** An operator that asks a function of the user about each item, and goes on with its answer. */
export abstract class HandlerOperator extends Operator {
  /** As errors and traces call it. */
  readonly name: string;
  readonly task: TaskPort;
  readonly #handler: Handler;

  constructor(name: string, handler: Handler, task: TaskPort) {
    super();
    this.name = name;
    this.task = task;
    this.#handler = handler;
  }

  override onItem(item: Item): Maybe {
    return apply(
      this.task,
      this.name,
      item,
      () => this.#handler(item.value, this.task.contextOf(item)),
      (answer) => this.onAnswer(item, answer),
    );
  }

  abstract onAnswer(item: Item, answer: unknown): Maybe;
}
