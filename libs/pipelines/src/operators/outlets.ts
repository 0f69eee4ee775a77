import type { RepartitionNode, Sink } from '../topology/nodes.ts';
import type { Item } from './item.ts';
import { keyFor, type Maybe, Operator, type TaskPort } from './operator.ts';

/** Ends a stream in a topic or a file. */
export class SinkOperator extends Operator {
  readonly #sink: Sink;
  readonly #task: TaskPort;

  constructor(sink: Sink, task: TaskPort) {
    super();
    this.#sink = sink;
    this.#task = task;
  }

  override onItem(item: Item): Maybe {
    this.#task.output(this.#sink, item);
  }
}

/** Sends items on to the task that has their key. */
export class RepartitionOperator extends Operator {
  readonly #node: RepartitionNode;
  readonly #task: TaskPort;

  constructor(node: RepartitionNode, task: TaskPort) {
    super();
    this.#node = node;
    this.#task = task;
  }

  override onItem(item: Item): Maybe {
    const key = keyFor(item, 'keyBy');
    this.#task.repartition(this.#node.name, item.withKey(key));
  }
}
