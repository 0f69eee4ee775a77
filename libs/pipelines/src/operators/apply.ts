import { RetryLater } from '../topology/definition-error.ts';
import type { Item } from './item.ts';
import { type Maybe, PoisonRecord, type TaskPort } from './operator.ts';

/**
 * Calls a user's function on an item and goes on with what it returns. What it throws names the
 * operator, and so does a promise that takes longer than a handler may.
 */
export function apply(
  task: TaskPort,
  operator: string,
  item: Item,
  call: () => unknown,
  then: (outcome: unknown) => Maybe,
): Maybe {
  const outcome = callMarked(task, operator, item, call);
  if (!(outcome instanceof Promise)) {
    return then(outcome);
  }
  return task.inTime(outcome, operator, item).then(then, (cause: unknown) => {
    throw asPoison(operator, cause);
  });
}

/** Calls a user's function, which can be seen from outside meanwhile. */
export function callMarked<Outcome>(
  task: Pick<TaskPort, 'mark'>,
  operator: string,
  item: Item,
  call: () => Outcome,
): Outcome {
  const { mark } = task;
  mark.enter(operator, item.origin, item.id);
  try {
    return mark.around === null ? call() : mark.around(call);
  } catch (cause) {
    throw asPoison(operator, cause);
  } finally {
    mark.leave();
  }
}

export function asPoison(stage: string, cause: unknown): Error {
  return cause instanceof RetryLater || cause instanceof PoisonRecord
    ? cause
    : new PoisonRecord(stage, cause);
}
