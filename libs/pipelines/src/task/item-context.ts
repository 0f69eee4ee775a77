import type { Item } from '../operators/item.ts';
import type { OperatorContext, OperatorLog, RunContext } from '../topology/source-record.ts';
import type { TaskOptions } from './task-options.ts';

/** What operators' functions may know of an item. */
export class ItemContext implements OperatorContext {
  readonly #item: Item;
  readonly #task: Pick<TaskOptions, 'signal' | 'log' | 'run'>;
  readonly attempt: number;

  constructor(item: Item, attempt: number, task: Pick<TaskOptions, 'signal' | 'log' | 'run'>) {
    this.#item = item;
    this.#task = task;
    this.attempt = attempt;
  }

  get topic(): string {
    return this.#item.origin.topic;
  }

  get partition(): number {
    return this.#item.origin.partition;
  }

  get offset(): number {
    return this.#item.origin.offset;
  }

  get timestamp(): number {
    return this.#item.origin.timestamp;
  }

  get eventTime(): number {
    return this.#item.time;
  }

  get key(): string | null {
    return this.#item.effectiveKey;
  }

  get signal(): AbortSignal {
    return this.#task.signal;
  }

  get log(): OperatorLog {
    return this.#task.log;
  }

  get run(): RunContext | null {
    return this.#task.run;
  }

  now(): number {
    return Math.max(this.#item.time, this.#item.mark);
  }
}
