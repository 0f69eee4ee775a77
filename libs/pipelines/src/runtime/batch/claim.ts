import { BackOff, pause } from '../back-off.ts';
import { obstacleOf } from '../obstacle.ts';
import type { LoggerPort } from '../runtime-ports.ts';

export interface ClaimOptions {
  /** Renews the claim; false: it is lost, or the run was cancelled. */
  readonly renew: () => Promise<boolean>;
  /** Says what the work waits for before it tries again. */
  readonly meet: (obstacle: string) => Promise<void>;
  /** As {@link obstacleOf}, with what the caller knows besides. */
  readonly obstacleOf?: (error: unknown) => string | null;
  readonly logger: LoggerPort;
  /** Aborts when the worker ends. */
  readonly signal: AbortSignal;
}

/** `lost`: another worker has the work, or the run was cancelled. `stopped`: the worker ends. */
export type ClaimEnd = 'lost' | 'stopped';

const RENEW_EVERY_MS = 3_000;
const BACK_OFF = { minMs: 250, maxMs: 5_000 };

/**
 * A claim on a part of a run, renewed while work is done under it. The work looks at `goesOn` as
 * often as it can.
 */
export class Claim implements Disposable {
  readonly #options: ClaimOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #backOff = new BackOff(BACK_OFF);
  #lost = false;

  constructor(options: ClaimOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#renew(), RENEW_EVERY_MS);
  }

  get goesOn(): boolean {
    return !this.#lost && !this.#options.signal.aborted;
  }

  get isLost(): boolean {
    return this.#lost;
  }

  /** Why it does not go on. */
  get end(): ClaimEnd {
    return this.#lost ? 'lost' : 'stopped';
  }

  get signal(): AbortSignal {
    return this.#options.signal;
  }

  /** Something that the claim was named for was refused. */
  lose(): void {
    this.#lost = true;
  }

  /** The work came further: what it meets next is a new obstacle. */
  progressed(): void {
    this.#backOff.reset();
  }

  /**
   * Does work, and does it again for as long as there is an obstacle. Rejects with what waiting
   * does not help against.
   */
  async keepTrying<Outcome>(work: () => Promise<Outcome>): Promise<Outcome | ClaimEnd> {
    while (this.goesOn) {
      try {
        return await work();
      } catch (error) {
        if (!this.goesOn) break;
        const obstacle = (this.#options.obstacleOf ?? obstacleOf)(error);
        if (obstacle === null) throw error;
        this.#options.logger.warn({ err: error }, `waits for ${obstacle}`);
        await this.wait(obstacle);
      }
    }
    return this.end;
  }

  /** Says what the work waits for, and waits; that it cannot be said does not end the wait. */
  async wait(obstacle: string): Promise<void> {
    const { meet, logger, signal } = this.#options;
    await meet(obstacle).catch((error: unknown) =>
      logger.warn({ err: error, obstacle }, 'what the run waits for was not recorded'),
    );
    await pause(this.#backOff.next(), signal);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #renew(): Promise<void> {
    try {
      this.#lost ||= !(await this.#options.renew());
    } catch (error) {
      // control.db could not be written; the next checkpoint shows whether the claim is lost.
      this.#options.logger.warn({ err: error }, 'lease not renewed');
    }
  }
}
