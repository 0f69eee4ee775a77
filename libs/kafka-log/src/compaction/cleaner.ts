import type { Timer } from '../clock.ts';
import type { LogServices } from '../log-services.ts';
import { SerialQueue } from '../serial-queue.ts';
import type { LogState } from '../log-state.ts';
import { CleanerOffsets } from './cleaner-offsets.ts';
import type { CompactionPlan } from './compaction-plan.ts';
import { planCompaction } from './compaction-plan.ts';
import { compactLog } from './log-compactor.ts';
import { CompactionStopped } from './segment-rewrite.ts';
import { Slices } from '../slices.ts';
import { Ages, Horizons } from '../steady-time.ts';

export interface CleanerOptions {
  readonly logs: () => Iterable<LogState>;
  /** Wall clock in ms, from SteadyTime. */
  readonly now: () => number;
  /** `log.cleaner.enable`. */
  readonly isEnabled: boolean;
  /** `log.cleaner.backoff.ms`. */
  readonly backoffMs: number;
  /** `log.cleaner.dedupe.buffer.size`. */
  readonly keyBytesMax: number;
}

/**
 * Compacts the logs of all topics with `cleanup.policy=compact`, one at a time, the dirtiest first
 * (Kafka: LogCleaner with one thread). The options are read again for each run.
 */
export class Cleaner {
  readonly #services: LogServices;
  readonly #options: CleanerOptions;
  readonly #offsets: CleanerOffsets;
  readonly #ages: Ages;
  readonly #horizons: Horizons;
  #timer: Timer | undefined;
  readonly #runs = new SerialQueue();
  #isClosed = false;

  constructor(services: LogServices, options: CleanerOptions) {
    this.#services = services;
    this.#options = options;
    this.#offsets = new CleanerOffsets(services);
    this.#ages = new Ages(services.clock);
    this.#horizons = new Horizons(services.clock);
    this.#schedule();
  }

  /** Compacts every log that can be, whatever its dirty ratio; waits for a run under way. */
  compact(): Promise<void> {
    return this.#runs.run(async () => {
      for (const state of this.#compacted()) await this.#makeDurable(state);
      await this.#sweep(() => true);
    });
  }

  /** Forgets a partition that was deleted. */
  forget(key: string): void {
    this.#offsets.remove(key);
  }

  /** Stops the run under way as soon as the log it works on is consistent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#runs.run(() => Promise.resolve());
  }

  #schedule(): void {
    this.#timer = this.#services.clock.schedule(this.#options.backoffMs, () => {
      const isDue = ({ state, plan }: Candidate): boolean =>
        plan.isOverdue || plan.dirtyRatio > state.config.minCleanableDirtyRatio;
      const run = async (): Promise<void> => {
        if (this.#options.isEnabled) await this.#sweep(isDue);
      };
      void this.#runs.run(run).finally(() => {
        if (!this.#isClosed) this.#schedule();
      });
    });
  }

  *#compacted(): Generator<LogState> {
    for (const state of [...this.#options.logs()]) {
      if (!this.#isClosed && state.isWritable && isCompacted(state)) yield state;
    }
  }

  async #sweep(isDue: (candidate: Candidate) => boolean): Promise<void> {
    const slices = new Slices(this.#services.clock);
    const candidates: Candidate[] = [];
    for (const state of this.#compacted()) {
      const plan = this.#look(state);
      if (plan !== undefined && isDue({ state, plan })) candidates.push({ state, plan });
      if (slices.isOver(0)) await slices.pause();
    }
    candidates.sort((a, b) => b.plan.dirtyRatio - a.plan.dirtyRatio);
    for (const { state } of candidates) await this.#clean(state);
  }

  /**
   * The compaction plan of a log; undefined if there is nothing to do or the log cannot be read.
   */
  #look(state: LogState): CompactionPlan | undefined {
    state.load();
    if (!state.isWritable) return undefined;
    try {
      if (this.#isOld(state)) {
        state.roll();
        this.#services.flusher.add(state);
      }
      return this.#plan(state);
    } catch (error) {
      const { topic, partition } = state.folder;
      const message = 'a log could not be looked at for compaction';
      this.#services.logger.warn({ err: error, topic, partition }, message);
      return undefined;
    }
  }

  #plan(state: LogState): CompactionPlan | undefined {
    const firstDirty = this.#offsets.get(state.folder.key);
    return planCompaction(state, firstDirty, this.#options.now(), this.#ages);
  }

  /** Compacts one log, pass by pass, until nothing that can be compacted is left. */
  async #clean(state: LogState): Promise<void> {
    const { topic, partition } = state.folder;
    const { logger } = this.#services;
    const check = (): void => {
      if (this.#isClosed || !state.isWritable || !isCompacted(state)) {
        throw new CompactionStopped('the log is not to be compacted any more');
      }
    };
    try {
      for (;;) {
        check();
        const plan = this.#plan(state);
        if (plan === undefined) return;
        const { keyBytesMax } = this.#options;
        const now = this.#options.now();
        const options = { keyBytesMax, now, horizons: this.#horizons, check };
        const outcome = await compactLog(state, plan, options);
        await this.#offsets.set(state.folder.key, outcome.cleanedTo);
        logger.info({ topic, partition, ...outcome }, 'log compacted');
      }
    } catch (error) {
      // A log that is not writable was deleted or closed; or it is offline, which has been
      // reported.
      if (error instanceof CompactionStopped || !state.isWritable) {
        logger.debug({ topic, partition, reason: String(error) }, 'compaction stopped');
        return;
      }
      logger.error({ err: error, topic, partition }, 'compaction failed; it is tried again');
    }
  }

  /**
   * Whether the active segment must be rolled: without new writes it would never be compacted. Its
   * age counts from its first write, not from timestamps: otherwise every record with an old
   * timestamp would get a segment of its own.
   */
  #isOld({ config, activeAgeMs }: LogState): boolean {
    return activeAgeMs > Math.min(config.segmentMs, config.maxCompactionLagMs);
  }

  /** Syncs sealed segments now instead of within the interval of os mode. */
  async #makeDurable(state: LogState): Promise<void> {
    state.load();
    const { flusher } = this.#services;
    if (state.durable.segment === state.active) return;
    flusher.add(state);
    await flusher.flush();
  }
}

interface Candidate {
  readonly state: LogState;
  readonly plan: CompactionPlan;
}

function isCompacted(state: LogState): boolean {
  return state.config.cleanupPolicy.includes('compact');
}
