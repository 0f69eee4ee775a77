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
/** Time services slew a clock by less than this in a second; a larger change is a jump. */
const JUMP_MIN_MS = 1_000;
/** A comparison that took longer than this was interrupted and says nothing about the clock. */
const LOOK_MAX_MS = 20;
/** Comparisons of one look, if they are interrupted; the next look is a second away. */
const LOOKS_MAX = 5;
/** A jump forward that is undone within this time was a mistake. */
const DOUBTED_FOR_MS = 6 * 60 * 60 * 1_000;
/** Processes that notice the same jump do so within this time. */
const SAME_JUMP_MS = 5_000;

export interface ClockJump {
  /** How far the wall clock jumped; negative when it went back. */
  readonly byMs: number;
  /** What the wall clock shows now, ms since epoch. */
  readonly now: number;
  /**
   * For a jump back that undoes a jump forward: what the clock showed after the jump forward, ms
   * since epoch. Times from this one on that lie after `now` were recorded while the clock was
   * ahead.
   */
  readonly aheadFrom: number | null;
}

/**
 * Notices that the wall clock was set, by comparing it with the monotonic clock once a second, and
 * records it as an event. A machine that slept looks like one whose clock went forward.
 */
@Injectable()
export class ClockWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #events: EventLog;
  readonly #logger: Logger;
  readonly #listeners = new Set<(jump: ClockJump) => Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  /** When the clocks were last compared, and how far the wall clock was ahead; null before. */
  #last: { readonly machineMs: number; readonly offsetMs: number } | null = null;
  /** The first jump forward that may still turn out to be a mistake. */
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

  /**
   * Compares the clocks; resolves when a jump is recorded and all listeners have finished. Whoever
   * stores what a clock that is set right must undo looks first: a clock that was ahead for less
   * than the time between two looks would else leave it behind.
   */
  async look(): Promise<void> {
    let before = machineMs();
    let now = Date.now();
    let machine = machineMs();
    for (let tries = 1; machine - before > LOOK_MAX_MS; tries += 1) {
      if (tries === LOOKS_MAX) return;
      before = machine;
      now = Date.now();
      machine = machineMs();
    }
    const last = this.#last;
    const offsetMs = now - machine;
    this.#last = { machineMs: machine, offsetMs };
    if (last === null || Math.abs(offsetMs - last.offsetMs) < JUMP_MIN_MS) {
      return;
    }
    // The clock was set at some moment since the last look: this is the least it showed after that.
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

  /** If the clock went back while no process ran, it is behind the newest event. */
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
