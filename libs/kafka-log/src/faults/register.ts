import { Violation } from './trace.ts';

interface Candidate<T> {
  value: T;
  readonly sentAt: number;
  endedAt: number;
  /** The time from which an acknowledged later write has replaced it. */
  replacedAt: number;
  /** It is no longer under way: it was acknowledged, or its process is gone. */
  isSettled: boolean;
}

/**
 * A write that is under way: it may happen at any time until its outcome is reported or `settle` is
 * called.
 */
export interface RegisterWrite<T> {
  /**
   * It has happened and must last; with the value that turned out to be written, if that was not
   * known.
   */
  acknowledge(value?: T): void;
  /** It has certainly not happened. */
  refuse(): void;
}

/**
 * One value that is written and read by many, checked for linearizability with writes of unknown
 * outcome: a read must see the last acknowledged write or one that was under way or unresolved.
 */
export class Register<T> {
  readonly #name: string;
  readonly #isEqual: (a: T, b: T) => boolean;
  readonly #show: (value: T) => string;
  #candidates: Candidate<T>[];
  #time = 0;

  constructor(
    name: string,
    initial: T,
    isEqual: (a: T, b: T) => boolean = Object.is,
    show: (value: T) => string = String,
  ) {
    this.#name = name;
    this.#isEqual = isEqual;
    this.#show = show;
    this.#candidates = [
      { value: initial, sentAt: 0, endedAt: 0, replacedAt: Infinity, isSettled: true },
    ];
  }

  /** A moment, to be given to `read`. */
  begin(): number {
    return this.#time++;
  }

  /** True if exactly one value is possible. */
  get isCertain(): boolean {
    return this.possible().length === 1;
  }

  /** What a read that began now could see. */
  possible(): T[] {
    return this.#candidates.flatMap(({ value, replacedAt }) =>
      replacedAt === Infinity ? [value] : [],
    );
  }

  write(value: T): RegisterWrite<T> {
    const candidate: Candidate<T> = {
      value,
      sentAt: this.#time++,
      endedAt: Infinity,
      replacedAt: Infinity,
      isSettled: false,
    };
    this.#candidates.push(candidate);
    return {
      acknowledge: (actual = value) => {
        candidate.value = actual;
        const now = (candidate.endedAt = this.#time++);
        candidate.isSettled = true;
        for (const other of this.#candidates) {
          if (other !== candidate && other.endedAt < candidate.sentAt) {
            other.replacedAt = Math.min(other.replacedAt, now);
          }
        }
        this.#forgetOld();
      },
      refuse: () => {
        this.#candidates = this.#candidates.filter((other) => other !== candidate);
      },
    };
  }

  /**
   * Checks what was read since `begunAt`.
   * @throws Violation
   */
  read(value: T, begunAt: number): void {
    const seen = this.#candidates.filter(
      (each) => each.replacedAt > begunAt && this.#isEqual(each.value, value),
    );
    if (seen.length === 0) {
      const possible = this.possible().map(this.#show).join(' or ');
      throw new Violation(`${this.#name} is ${this.#show(value)}, but must be ${possible}`);
    }
    if (!seen.every(({ isSettled }) => isSettled)) return;
    // Once seen it stays, unless a write that could still happen comes.
    const now = this.#time++;
    for (const other of this.#candidates) {
      const isOver = other.isSettled && other.endedAt < begunAt;
      if (isOver && !seen.includes(other)) other.replacedAt = Math.min(other.replacedAt, now);
    }
  }

  /** The process is gone: a write that has not happened by now never will. */
  settle(): void {
    const now = this.#time++;
    for (const candidate of this.#candidates) {
      candidate.isSettled = true;
      candidate.endedAt = Math.min(candidate.endedAt, now);
    }
  }

  #forgetOld(): void {
    if (this.#candidates.length < 20) return;
    this.#candidates = this.#candidates.filter(({ replacedAt }) => replacedAt > this.#time - 1000);
  }
}
