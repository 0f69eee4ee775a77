import type { Clock, Timer } from '../clock.ts';

interface Task {
  readonly at: number;
  /** Orders timers that are due at the same time: first scheduled, first run. */
  readonly order: number;
  readonly action: () => void;
  isCancelled: boolean;
}

/** A clock that stands still until it is moved; timers that fall due run in order. */
export class SimulatedClock implements Clock {
  #monotonic = 0;
  #wall: number;
  /** A binary heap, the earliest first. */
  #tasks: Task[] = [];
  #planned = 0;

  constructor(wall = 1_700_000_000_000) {
    this.#wall = wall;
  }

  now(): number {
    return Math.floor(this.#wall);
  }

  monotonicNow(): number {
    return this.#monotonic;
  }

  schedule(delayMs: number, action: () => void): Timer {
    const at = this.#monotonic + Math.max(0, delayMs);
    const task: Task = { at, order: this.#planned++, action, isCancelled: false };
    push(this.#tasks, task);
    return { cancel: () => (task.isCancelled = true) };
  }

  defer(action: () => void): void {
    this.schedule(0, action);
  }

  /** Moves the wall clock by this much; no time passes. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  /** Lets time pass, runs what falls due, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    await settled();
    while (await this.runNext(end)) continue;
    this.#move(end - this.#monotonic);
  }

  /**
   * Runs the one thing that is due next, if it is due by `end`, and lets promises settle.
   * @returns false when there is none
   */
  async runNext(end: number): Promise<boolean> {
    const task = this.#takeDue(end);
    if (task === undefined) return false;
    this.#move(Math.max(0, task.at - this.#monotonic));
    task.action();
    await settled();
    return true;
  }

  /** Forgets everything that is planned: the process is dead. */
  stop(): void {
    this.#tasks = [];
  }

  #takeDue(end: number): Task | undefined {
    for (let task = this.#tasks[0]; task !== undefined; task = this.#tasks[0]) {
      if (!task.isCancelled && task.at > end) return undefined;
      pop(this.#tasks);
      if (!task.isCancelled) return task;
    }
    return undefined;
  }

  #move(ms: number): void {
    this.#monotonic += ms;
    this.#wall += ms;
  }
}

/** A process's view of the machine's clock: what it has planned ends with it. */
export class ProcessClock implements Clock {
  readonly #machine: Clock;
  readonly #onError: (error: unknown) => void;
  #isStopped = false;

  /** @param onError gets what a timer throws, which would end a real process */
  constructor(machine: Clock, onError: (error: unknown) => void) {
    this.#machine = machine;
    this.#onError = onError;
  }

  now(): number {
    return this.#machine.now();
  }

  monotonicNow(): number {
    return this.#machine.monotonicNow();
  }

  schedule(delayMs: number, action: () => void): Timer {
    return this.#machine.schedule(delayMs, () => {
      if (this.#isStopped) return;
      try {
        action();
      } catch (error) {
        this.#onError(error);
      }
    });
  }

  defer(action: () => void): void {
    this.schedule(0, action);
  }

  stop(): void {
    this.#isStopped = true;
  }
}

/** Resolves when all chains of promises have run to where they wait for time. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isBefore(a: Task, b: Task): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Task[], task: Task): void {
  let index = heap.push(task) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isBefore(task, heap[parent]!)) break;
    heap[index] = heap[parent]!;
    index = parent;
  }
  heap[index] = task;
}

function pop(heap: Task[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = index * 2 + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(heap[child]!, last)) break;
    heap[index] = heap[child]!;
    index = child;
  }
  heap[index] = last;
}
