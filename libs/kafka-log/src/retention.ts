import type { Timer } from './clock.ts';
import type { LogServices } from './log-services.ts';
import type { PartitionLog } from './partition-log.ts';
import { replaceFile } from './atomic-file.ts';
import { readFile } from './whole-file.ts';
import { Ages, SteadyTime } from './steady-time.ts';

export interface RetentionOptions {
  readonly logs: () => Iterable<PartitionLog>;
  readonly checkIntervalMs: number;
  /** Asked at every sweep: it may change. */
  readonly producerIdExpirationMs: () => number;
}

/** Share of a log's segments that age may take in one sweep while the clock is in doubt. */
const DOUBTFUL_SHARE_MAX = 0.25;
/** A step back larger than this is logged; smaller ones are ordinary clock corrections. */
const CLOCK_WENT_BACK_MS = 60_000;
/** Logs handled before other work gets a turn. */
const LOGS_PER_TURN = 20;
/** In the log's directory. Text: the wall clock in ms at the last sweep. */
export const TIME_FILE = 'last-retention';

/**
 * Deletes old segments and forgets idle producers, every `log.retention.check.interval.ms`.
 *
 * Age is measured by SteadyTime, which follows a jump forward only after a day, even one that
 * happened while the broker was down. For an hour after it has followed one, age deletes at most a
 * quarter of a log in one sweep, so that a wrong clock is noticed before everything is deleted.
 * Otherwise one sweep deletes all that is past the limits; the size limit always does.
 */
export class Retention {
  readonly #services: LogServices;
  readonly #options: RetentionOptions;
  readonly #time: SteadyTime;
  readonly #ages: Ages;
  #timer: Timer | undefined;
  #sweeping: Promise<void> | undefined;
  #isClosed = false;
  #isWritingTime = false;
  /** The time of the last sweep. */
  #sweptAt = 0;

  constructor(services: LogServices, options: RetentionOptions) {
    this.#services = services;
    this.#options = options;
    this.#ages = new Ages(services.clock);
    const lastKnown = this.#readTime();
    this.#time = new SteadyTime(services.clock, lastKnown);
    if (lastKnown === undefined) this.#writeTime(this.#time.now());
    this.#schedule();
  }

  /** Wall clock in ms, from SteadyTime. */
  now(): number {
    return this.#time.now();
  }

  /** Looks at all logs once; joins a sweep that is under way. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = undefined));
    return this.#sweeping;
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    this.#timer = this.#services.clock.schedule(this.#options.checkIntervalMs, () => {
      void this.sweep().finally(() => {
        if (!this.#isClosed) this.#schedule();
      });
    });
  }

  async #sweep(): Promise<void> {
    const { logger } = this.#services;
    const now = this.now();
    if (this.#time.isHeldBack) {
      const clock = this.#services.clock.now();
      logger.warn(
        { clock, believed: now },
        'the clock has jumped ahead: retention waits for a day',
      );
    }
    if (now < this.#sweptAt - CLOCK_WENT_BACK_MS) {
      logger.warn({ clock: now, before: this.#sweptAt }, 'the clock has gone back');
    }
    this.#sweptAt = now;
    this.#writeTime(now);
    const agedShareMax = this.#time.isDoubtful ? DOUBTFUL_SHARE_MAX : 1;
    let turn = 0;
    for (const log of [...this.#options.logs()]) {
      if (this.#isClosed) return;
      try {
        const removed = await log.applyRetention({ now, ages: this.#ages, agedShareMax });
        if (removed > 0) {
          const { topic, partition, logStartOffset } = log;
          logger.info(
            { topic, partition, removed, logStartOffset },
            'segments deleted by retention',
          );
        }
        log.expireProducers(this.#ages, now, this.#options.producerIdExpirationMs());
      } catch (error) {
        const { topic, partition } = log;
        logger.error({ err: error, topic, partition }, 'retention failed; it is tried again');
      }
      if (++turn % LOGS_PER_TURN === 0) {
        await new Promise<void>((resolve) => this.#services.clock.defer(resolve));
      }
    }
  }

  #readTime(): number | undefined {
    const { files, directory } = this.#services;
    const path = `${directory}/${TIME_FILE}`;
    const time = Number(readFile(files, path).toString('latin1'));
    return Number.isSafeInteger(time) && time > 0 ? time : undefined;
  }

  #writeTime(time: number): void {
    if (this.#isWritingTime) return;
    this.#isWritingTime = true;
    const { files, directory, logger } = this.#services;
    const path = `${directory}/${TIME_FILE}`;
    const content = Buffer.from(String(Math.round(time)));
    replaceFile(files, { directory, path, content }, () => !this.#isClosed)
      .catch((error: unknown) => {
        logger.warn({ err: error }, 'the time of the last retention was not written');
      })
      .finally(() => (this.#isWritingTime = false));
  }
}
