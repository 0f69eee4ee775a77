const SEPARATOR = '@';

/**
 * What a task is called in its messages to other tasks and by people: `stage/number`, and
 * `stage/number@epoch` when the pipeline has been started over. Its messages are numbered anew in
 * each epoch, so that those of another one must not be taken for them.
 */
export function taskName(task: {
  readonly stage: number;
  readonly number: number;
  readonly epoch: number;
}): string {
  const name = `${task.stage}/${task.number}`;
  return task.epoch === 0 ? name : `${name}${SEPARATOR}${task.epoch}`;
}

/** The epoch of the task that has this name. */
export function epochIn(name: string): number {
  return Number(name.split(SEPARATOR)[1] ?? 0);
}
