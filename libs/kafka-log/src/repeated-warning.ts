import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

const INTERVAL_MS = 30_000;

/**
 * A warning of what can happen thousands of times a second: logged when it happens, then at most
 * every half a minute, with how often it has happened since (`times`).
 */
export class RepeatedWarning {
  readonly #logger: Logger;
  readonly #message: string;
  readonly #clock: Clock;
  #times = 0;
  #loggedAt = -Infinity;

  constructor(logger: Logger, message: string, clock: Clock) {
    this.#logger = logger;
    this.#message = message;
    this.#clock = clock;
  }

  note(fields: object): void {
    this.#times++;
    const now = this.#clock.monotonicNow();
    if (now - this.#loggedAt < INTERVAL_MS) return;
    this.#logger.warn({ ...fields, times: this.#times }, this.#message);
    this.#times = 0;
    this.#loggedAt = now;
  }
}
