import type { Item } from '../operators/item.ts';
import { type Maybe, PoisonRecord } from '../operators/operator.ts';
import type { TaskState } from '../state/task-state.ts';
import { RetryLater } from '../topology/definition-error.ts';
import type { CutOffs } from './cut-offs.ts';
import type { Made, MadeSoFar } from './made.ts';
import type { TaskOptions } from './task-options.ts';

interface UnitsOptions extends Pick<TaskOptions, 'definition' | 'pause' | 'waitForHelp'> {
  readonly state: TaskState;
  readonly made: Made;
  readonly cutOffs: CutOffs | null;
}

/**
 * Work of a task in units: of what is done for an item all counts or nothing. A unit that fails is
 * tried again as the pipeline says; when all tries have failed, its item becomes a dead letter.
 */
export class Units {
  readonly #options: UnitsOptions;
  #count = 0;
  #attempt = 1;
  /** What the unit's items wait for until it counts. */
  #afterUnit: Array<() => void> = [];
  #underWay: Promise<void> | null = null;

  constructor(options: UnitsOptions) {
    this.#options = options;
  }

  /** How many have begun. */
  get count(): number {
    return this.#count;
  }

  /** Which try of its item the unit is. */
  get currentAttempt(): number {
    return this.#attempt;
  }

  /** The unit that is under way, when it waits for something. */
  get underWay(): Promise<void> | null {
    return this.#underWay;
  }

  /** Calls a function when the unit that is under way counts; never when it is undone. */
  afterUnit(act: () => void): void {
    this.#afterUnit.push(act);
  }

  guard(item: Item, work: (attempt: number) => Maybe, giveUp: () => void = () => {}): Maybe {
    if (this.#underWay !== null) {
      return this.#underWay.then(() => this.guard(item, work, giveUp));
    }
    const cutOff = this.#options.cutOffs?.of(item);
    if (cutOff !== undefined) {
      return this.#giveUp(item, cutOff.error, cutOff.attempts, giveUp);
    }
    const before = this.#begin(1);
    let outcome: Maybe;
    try {
      outcome = work(1);
    } catch (error) {
      this.#undo(before);
      return this.#hold(this.#tryAgain(item, work, giveUp, error));
    }
    if (!(outcome instanceof Promise)) {
      this.#end();
      return;
    }
    return this.#hold(
      outcome.then(
        () => this.#end(),
        (error: unknown) => {
          this.#undo(before);
          return this.#tryAgain(item, work, giveUp, error);
        },
      ),
    );
  }

  /** Tries work that changes no state, outside of a unit, as often as `guard` does. */
  async attempt(item: Item, work: (attempt: number) => Promise<void>): Promise<void> {
    // The item was cut off in here: `guard` makes it a dead letter.
    if (this.#options.cutOffs?.of(item) !== undefined) return this.guard(item, () => {});
    for (let attempt = 1; ; attempt++) {
      try {
        await work(attempt);
        return;
      } catch (error) {
        if (!(await this.#waitForAnother(error, attempt))) {
          await this.guard(item, () => this.#options.made.deadLetter(item, error, attempt));
          return;
        }
      }
    }
  }

  #begin(attempt: number): MadeSoFar {
    this.#options.state.begin();
    this.#count += 1;
    this.#attempt = attempt;
    return this.#options.made.begin();
  }

  #end(): void {
    this.#options.made.end();
    this.#options.state.end();
    if (this.#afterUnit.length === 0) return;
    const acts = this.#afterUnit;
    this.#afterUnit = [];
    acts.forEach((act) => act());
  }

  #undo(before: MadeSoFar): void {
    this.#options.state.rollback();
    this.#afterUnit = [];
    this.#options.made.undo(before);
  }

  async #tryAgain(
    item: Item,
    work: (attempt: number) => Maybe,
    giveUp: () => void,
    first: unknown,
  ): Promise<void> {
    let error = first;
    for (let attempt = 1; await this.#waitForAnother(error, attempt); attempt++) {
      const before = this.#begin(attempt + 1);
      try {
        await work(attempt + 1);
        this.#end();
        return;
      } catch (next) {
        this.#undo(before);
        error = next;
      }
    }
    this.#giveUp(item, error, this.#triesOf(error), giveUp);
  }

  #giveUp(item: Item, error: unknown, attempts: number, giveUp: () => void): void {
    this.#begin(1);
    giveUp();
    this.#options.made.deadLetter(item, error, attempts);
    this.#end();
  }

  /** Whether there is another try after `attempt`; then after its wait. */
  async #waitForAnother(error: unknown, attempt: number): Promise<boolean> {
    const { waitForHelp, pause, definition } = this.#options;
    if (error instanceof RetryLater) {
      await waitForHelp(error, attempt);
      return true;
    }
    if (attempt >= this.#triesOf(error)) return false;
    await pause(definition.retry.backoffMs * 2 ** (attempt - 1));
    return true;
  }

  /** Bytes that cannot be decoded, or do not fit the schema, fail the next try in the same way. */
  #triesOf(error: unknown): number {
    const isHopeless =
      error instanceof PoisonRecord && (error.stage === 'decode' || error.stage === 'schema');
    return isHopeless ? 1 : this.#options.definition.retry.attempts;
  }

  #hold(unit: Promise<void>): Promise<void> {
    const held = unit.finally(() => {
      if (this.#underWay === held) this.#underWay = null;
    });
    this.#underWay = held;
    return held;
  }
}
