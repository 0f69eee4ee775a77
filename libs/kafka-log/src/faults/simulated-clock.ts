import type { Clock, Timer } from '../clock.ts';

interface Task {
  readonly at: number;
  readonly action: () => void;
  isCancelled: boolean;
}

/** A clock that stands until it is moved; what is due runs in order while it moves. */
export class SimulatedClock implements Clock {
  #monotonic = 0;
  #wall: number;
  #tasks: Task[] = [];

  constructor(wall = 1_700_000_000_000) {
    this.#wall = wall;
  }

  now(): number {
    return this.#wall;
  }

  monotonicNow(): number {
    return this.#monotonic;
  }

  schedule(delayMs: number, action: () => void): Timer {
    const task: Task = { at: this.#monotonic + delayMs, action, isCancelled: false };
    this.#tasks.push(task);
    return { cancel: () => (task.isCancelled = true) };
  }

  defer(action: () => void): void {
    this.schedule(0, action);
  }

  /** Sets the wall clock off by so much; time otherwise stands. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  /** Lets time pass, runs what falls due, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    await settle();
    for (;;) {
      const task = this.#takeDue(end);
      if (task === undefined) break;
      this.#move(Math.max(0, task.at - this.#monotonic));
      task.action();
      await settle();
    }
    this.#move(end - this.#monotonic);
  }

  /** Forgets everything that is planned: the process is dead. */
  stop(): void {
    this.#tasks = [];
  }

  #takeDue(end: number): Task | undefined {
    this.#tasks = this.#tasks.filter((task) => !task.isCancelled);
    let first: Task | undefined;
    for (const task of this.#tasks) {
      if (task.at <= end && (first === undefined || task.at < first.at)) first = task;
    }
    this.#tasks = this.#tasks.filter((task) => task !== first);
    return first;
  }

  #move(ms: number): void {
    this.#monotonic += ms;
    this.#wall += ms;
  }
}

/** Promise chains of the code under test are a few steps long. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
