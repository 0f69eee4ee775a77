import {
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Logger } from '@penstock/platform';
import { EventLog } from '../events/index.ts';
import { durationInWords } from './duration-words.ts';
import { machineMs } from './machine-clock.ts';

const LOOK_EVERY_MS = 1_000;
/** Time services turn a clock by less than this within a second without a jump. */
const JUMP_MIN_MS = 1_000;
/** A look that took longer than this was interrupted, and tells nothing of the clock. */
const LOOK_MAX_MS = 20;
/** A jump forward that is taken back within this time was a mistake. */
const DOUBTED_FOR_MS = 6 * 60 * 60 * 1_000;
/** Processes that notice the same jump do so within this time. */
const SAME_JUMP_MS = 5_000;

export interface ClockJump {
  /** By how much the clock shows more than it would have; negative when it went back. */
  readonly byMs: number;
  /** What it shows now, ms since epoch. */
  readonly now: number;
  /**
   * Of a jump back that undoes one forward: what the clock showed after that one, ms since epoch.
   * What carries a time from there on, and after now, was recorded by a clock that was ahead.
   */
  readonly aheadFrom: number | null;
}

/**
 * Notices that the wall clock was set, by comparing it with the monotonic clock once a second, and
 * records it as an event. A machine that slept looks as one whose clock went forward.
 */
@Injectable()
export class ClockWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #events: EventLog;
  readonly #logger: Logger;
  readonly #listeners = new Set<(jump: ClockJump) => Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  /** When the clocks were last compared, and what the wall clock showed more; null before. */
  #last: { readonly machineMs: number; readonly offsetMs: number } | null = null;
  /** The first jump forward that may yet turn out a mistake. */
  #ahead: { readonly from: number; readonly machineMs: number } | null = null;

  constructor(events: EventLog, logger: Logger) {
    this.#events = events;
    this.#logger = logger;
  }

  onJump(listener: (jump: ClockJump) => Promise<void>): void {
    this.#listeners.add(listener);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.look();
    await this.#compareWithRecorded();
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer);
  }

  /** Compares the clocks; resolves when a jump is recorded and everybody who listens is done. */
  async look(): Promise<void> {
    const before = machineMs();
    const now = Date.now();
    const machine = machineMs();
    if (machine - before > LOOK_MAX_MS) {
      return;
    }
    const last = this.#last;
    const offsetMs = now - machine;
    this.#last = { machineMs: machine, offsetMs };
    if (last === null || Math.abs(offsetMs - last.offsetMs) < JUMP_MIN_MS) {
      return;
    }
    // The clock was set at any moment since the last look: it showed no less than this since.
    const earliest = last.machineMs + offsetMs;
    await this.#tell(this.#toJump(offsetMs - last.offsetMs, { now, earliest, machine }), machine);
  }

  #toJump(
    byMs: number,
    { now, earliest, machine }: { now: number; earliest: number; machine: number },
  ): ClockJump {
    const ahead = this.#ahead;
    const isDoubted = ahead !== null && machine - ahead.machineMs < DOUBTED_FOR_MS;
    if (byMs > 0) {
      this.#ahead = isDoubted ? ahead : { from: earliest, machineMs: machine };
      return { byMs, now, aheadFrom: null };
    }
    this.#ahead = null;
    return { byMs, now, aheadFrom: isDoubted ? ahead.from : null };
  }

  async #tell(jump: ClockJump, machine: number): Promise<void> {
    const by = durationInWords(Math.abs(jump.byMs));
    this.#logger.pino.warn({ byMs: jump.byMs }, 'the clock of this machine was set');
    for (const listener of this.#listeners) {
      try {
        await listener(jump);
      } catch (error) {
        this.#logger.pino.error({ err: error }, 'marks of the clock could not be set right');
      }
    }
    if (jump.byMs < 0) {
      await this.#record('CLOCK_WENT_BACK', `The clock went back by ${by}`, jump.byMs, machine);
    } else {
      const message = `The clock went forward by ${by}, or the machine slept`;
      await this.#record('CLOCK_WENT_FORWARD', message, jump.byMs, machine);
    }
  }

  /** A clock that went back while no process ran is behind the newest event. */
  async #compareWithRecorded(): Promise<void> {
    try {
      const newestAt = await this.#events.newestAt();
      const byMs = newestAt === null ? 0 : Date.now() - newestAt;
      if (byMs <= -JUMP_MIN_MS) {
        const message = `The clock is ${durationInWords(-byMs)} behind the newest event`;
        await this.#record('CLOCK_WENT_BACK', message, byMs, machineMs());
      }
    } catch (error) {
      this.#logger.pino.error({ err: error }, 'the clock could not be compared with the events');
    }
  }

  async #record(
    kind: 'CLOCK_WENT_BACK' | 'CLOCK_WENT_FORWARD',
    message: string,
    byMs: number,
    machine: number,
  ): Promise<void> {
    try {
      await this.#events.appendOnce(
        { kind, subject: 'clock', message, data: { byMs: Math.round(byMs) } },
        { machineMs: machine, withinMs: SAME_JUMP_MS },
      );
    } catch (error) {
      this.#logger.pino.error({ err: error }, 'an event could not be recorded');
    }
  }
}
