import type { BranchNode } from '../topology/nodes.ts';
import { HandlerOperator } from './handler-operator.ts';
import type { Item } from './item.ts';
import type { Maybe, TaskPort } from './operator.ts';

/** Lets through what its test takes. The branch is part of the identity of what comes of it. */
export class BranchOperator extends HandlerOperator {
  readonly #branch: string;

  constructor({ name, test }: BranchNode, task: TaskPort) {
    super(`branch ${name}`, test, task);
    this.#branch = name;
  }

  override onAnswer(item: Item, passes: unknown): Maybe {
    return passes === true ? this.forward(item.withId(`${item.id}/${this.#branch}`)) : undefined;
  }
}
