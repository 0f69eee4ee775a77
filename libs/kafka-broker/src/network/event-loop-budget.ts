import type { Clock } from '@penstock/kafka-log';

/** How long requests are handled before the event loop turns, ms. */
const TURN_MS = 10;

/**
 * Shares the event loop between connections. Requests are handled as they are read for as long as a
 * turn has time; then connections queue, and go on in their order after sockets, timers and files
 * have had theirs. So no client can hold up the others by sending much at once.
 */
export class EventLoopBudget {
  readonly #clock: Clock;
  #queue: (() => void)[] = [];
  #endsAt = 0;
  #isOpen = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True while a further request may be handled in this turn of the event loop. */
  hasTime(): boolean {
    if (this.#isOpen) return this.#clock.monotonicNow() < this.#endsAt;
    this.#isOpen = true;
    this.#endsAt = this.#clock.monotonicNow() + TURN_MS;
    this.#clock.defer(() => this.#end());
    return true;
  }

  /** Calls `goOn` in a later turn. */
  defer(goOn: () => void): void {
    this.#queue.push(goOn);
    // Opens a turn if there is none: the queue is served when a turn ends.
    this.hasTime();
  }

  #end(): void {
    this.#isOpen = false;
    if (this.#queue.length === 0) return;
    let taken = 0;
    const queue = this.#queue;
    this.#queue = [];
    while (taken < queue.length && this.hasTime()) queue[taken++]!();
    if (taken < queue.length) this.#queue = [...queue.slice(taken), ...this.#queue];
  }
}
