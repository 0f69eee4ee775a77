import type { Sink, TableSource } from '../topology/nodes.ts';
import type { OperatorContext, TableView } from '../topology/source-record.ts';
import type { TaskState } from '../state/task-state.ts';
import type { WorkMark } from '../watch/work-mark.ts';
import type { Item } from './item.ts';

export type Maybe = void | Promise<void>;

/** What operators know of the task that runs them. */
export interface TaskPort {
  readonly pipeline: string;
  /** Number of the task within its stage. */
  readonly number: number;
  readonly state: TaskState;
  contextOf(item: Item, attempt?: number): OperatorContext;
  /** Where it is said which function is under way. */
  readonly mark: WorkMark;
  /** Whether only one call may be under way, so that one which never ends can be told. */
  readonly oneAtATime: boolean;
  /** Rejects when the promise of an operator's function takes longer than the pipeline allows. */
  inTime(outcome: Promise<unknown>, operator: string, item: Item): Promise<unknown>;
  /**
   * Does work on one item as a unit: all of it counts or nothing. It is tried again as the pipeline
   * says; when all tries failed, the item becomes a dead letter and `giveUp` is called.
   */
  guard(item: Item, work: (attempt: number) => Maybe, giveUp?: () => void): Maybe;
  /**
   * Tries work that changes no state, as `guard` does; the item becomes a dead letter in the end.
   */
  attempt(item: Item, work: (attempt: number) => Promise<void>): Promise<void>;
  /** The unit that is under way, when it waits for something. */
  readonly unit: Promise<void> | null;
  /** Calls a function when the unit that is under way counts; never when it is undone. */
  afterUnit(act: () => void): void;
  /** Has `onWatermark` called once more, because something that is due came. */
  wake(): void;
  table(source: TableSource): TableView<unknown>;
  /** An item came too late for an operator, by so many ms. */
  late(item: Item, operator: string, byMs: number, policy: 'drop' | 'deadLetter' | 'apply'): void;
  /** An item that was to be applied is too late for that: it goes to the late topic. */
  refuseLate(item: Item, byMs: number): void;
  /** An operator with a notion of time took an item: whatever others say, it is no late record. */
  took(): void;
  filtered(): void;
  output(sink: Sink, item: Item): void;
  repartition(name: string, item: Item): void;
}

/**
 * One step of a task. What it makes goes to the operators behind it.
 *
 * Each operator has a watermark of its own. It comes to an operator when all before it have sent on
 * what they held for it, so that a record which an operator held back is not late for the next.
 */
export abstract class Operator {
  readonly next: Operator[] = [];
  #watermark = -Infinity;
  #settledUpTo = -Infinity;

  /** How far event time has come here, ms since epoch. */
  get watermark(): number {
    return this.#watermark;
  }

  /**
   * Up to which time nothing can come here any more that is not late, ms since epoch: what was
   * closed before it can be forgotten.
   */
  get settledUpTo(): number {
    return this.#settledUpTo;
  }

  /** Event time has come further; neither of the two goes back. */
  reach(watermark: number, settledUpTo: number): void {
    this.#watermark = Math.max(this.#watermark, watermark);
    this.#settledUpTo = Math.max(this.#settledUpTo, Math.min(settledUpTo, watermark));
  }

  /** Takes an item. Returns a promise only when something behind it has to be waited for. */
  abstract onItem(item: Item, from: Operator | null): Maybe;

  /** Event time has come further: does what is due. Called in the order of the operators. */
  onWatermark?(): Maybe;

  /** The task begins, with what was kept of it before. */
  onStart?(): Maybe;

  /**
   * The earliest of the items that are under way here and go on later; null when there are none.
   */
  underWay?(): Pick<Item, 'time' | 'mark'> | null;

  /** A commit follows: sends on what is still held for it. */
  onCommit?(): Maybe;

  /** Waits for what is under way. */
  drain?(): Promise<void>;

  /** Waits until one more item may come; undefined when it may at once. */
  room?(): Promise<void> | undefined;

  /** Rows of a table changed. */
  onTable?(topic: string, keys: readonly string[]): Maybe;

  /** Time of the earliest timer, ms since epoch; Infinity when there is none. */
  nextTimer?(): number;

  /** Items that wait in this operator. */
  pending?(): number;

  /** Gives an item to the operators behind this one. */
  forward(item: Item): Maybe {
    const { next } = this;
    return next.length === 1
      ? (next[0] as Operator).onItem(item, this)
      : inOrder(next, (operator) => operator.onItem(item, this));
  }
}

/** Calls a function for each part, one after the other; makes a promise only when one is made. */
export function inOrder<Part>(parts: readonly Part[], each: (part: Part) => Maybe): Maybe {
  for (let at = 0; at < parts.length; at++) {
    const outcome = each(parts[at] as Part);
    if (outcome instanceof Promise) {
      return outcome.then(() => inOrder(parts.slice(at + 1), each));
    }
  }
}

/**
 * Calls a function until it returns false; makes a promise only when one is made. Each call finds
 * no unit under way: what it looks at is what its own unit will change.
 */
export function whileDue(task: Pick<TaskPort, 'unit'>, step: () => false | Maybe): Maybe {
  for (;;) {
    const outcome = task.unit ?? step();
    if (outcome === false) return;
    if (outcome instanceof Promise) {
      return outcome.then(() => whileDue(task, step));
    }
  }
}

/** An operator was given something that it cannot work with, or its function failed. */
export class PoisonRecord extends Error {
  override readonly name = 'PoisonRecord';
  /** What gave up: `decode`, `schema`, `eventTime`, `output`, or an operator. */
  readonly stage: string;

  constructor(stage: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.stage = stage;
  }
}

/** The key of an item for an operator that works per key. Throws PoisonRecord when it has none. */
export function keyFor(item: Item, operator: string): string {
  const key = item.effectiveKey;
  if (key === null) {
    throw new PoisonRecord(operator, new TypeError('the record has no key'));
  }
  return key;
}
