import { Slices } from './slices.ts';
import type { Timer } from './clock.ts';
import type { LogServices } from './log-services.ts';
import type { PartitionLog } from './partition-log.ts';

/** Delay after the start: the broker must answer clients first. */
const DELAY_MS = 1000;

/**
 * Loads all partitions once, soon after a start that followed an unclean shutdown, instead of each
 * on its first use: damage, and partitions that cannot be opened, must be known before a client
 * asks for them. The start itself does not wait, and clients are served in between.
 */
export class Inspection {
  readonly #services: LogServices;
  readonly #logs: ReadonlyMap<string, PartitionLog>;
  readonly #timer: Timer;
  #isClosed = false;

  constructor(services: LogServices, logs: ReadonlyMap<string, PartitionLog>) {
    this.#services = services;
    this.#logs = logs;
    this.#timer = services.clock.schedule(DELAY_MS, () => void this.#run());
  }

  close(): void {
    this.#isClosed = true;
    this.#timer.cancel();
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#services;
    const slices = new Slices(clock);
    let partitions = 0;
    let damages = 0;
    let offline = 0;
    // The loop also reaches logs that are opened meanwhile.
    for (const log of this.#logs.values()) {
      if (this.#isClosed) return;
      log.load();
      partitions++;
      damages += log.damages.length;
      if (log.offlineReason !== undefined) offline++;
      if (slices.isOver(0)) await slices.pause();
    }
    logger.info({ partitions, damages, offline }, 'all partitions were loaded');
  }
}
