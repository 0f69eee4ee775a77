import type { PoisonRecord } from '../../operators/operator.ts';
import type { OutputRecord } from '../../task/task-output.ts';
import { FailedForGood } from './run-failure.ts';

/** A run has more dead letters than its pipeline allows. */
class SkipLimitExceeded extends FailedForGood {
  override readonly name = 'SkipLimitExceeded';
}

/** Counts the dead letters of a run as its holders of claims know them. */
export class SkipLimit {
  readonly #max: number;
  #others: number;
  #own = 0;

  /** @param others dead letters of the run, without those that `add` is told of */
  constructor(max: number, others: number) {
    this.#max = max;
    this.#others = others;
  }

  /** @throws FailedForGood when it is one too many */
  add(reason: PoisonRecord, source: OutputRecord['source']): void {
    this.#own += 1;
    if (this.#others + this.#own <= this.#max) return;
    const record =
      source === null ? 'a record' : `${source.topic}/${source.partition} offset ${source.offset}`;
    const allowed = this.#max === 1 ? '1 dead letter' : `${this.#max} dead letters`;
    throw new SkipLimitExceeded(
      `${record} could not be processed, and the run may have ${allowed} (skipLimit): ` +
        `${reason.stage}: ${reason.message}`,
      { cause: reason },
    );
  }

  /** What was added is kept, and counts among all of the run. */
  settle(all: number): void {
    this.#others = all;
    this.#own = 0;
  }

  /** What was added is done again. */
  forget(): void {
    this.#own = 0;
  }
}
