import { say } from './output.mjs';

const SAY_AFTER_MS = 5_000;
const SAY_EVERY_MS = 30_000;

/**
 * A wait that may be long, and says what it waits for: after five seconds, then with each change,
 * else seldom.
 */
export class Patience {
  #what;
  #since = performance.now();
  #saidAt = -Infinity;
  #said = '';

  /** @param {string} what the start of the sentence, for example `not ready yet` */
  constructor(what) {
    this.#what = what;
  }

  /** @param {string} reason what is missing at this moment */
  waitsFor(reason) {
    const now = performance.now();
    if (now - this.#since < SAY_AFTER_MS) return;
    const isDue = now - this.#saidAt >= SAY_EVERY_MS;
    if (!isDue && (reason === this.#said || now - this.#saidAt < SAY_AFTER_MS)) return;
    this.#saidAt = now;
    this.#said = reason;
    const seconds = Math.round((now - this.#since) / 1000);
    say('penstock', `${this.#what} after ${seconds} s: ${reason}`, 'warn');
  }
}
