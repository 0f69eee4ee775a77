import { Slices } from './slices.ts';
import type { Timer } from './clock.ts';
import type { LogServices } from './log-services.ts';
import type { PartitionLog } from './partition-log.ts';

/** First the broker is to answer. */
const DELAY_MS = 1000;

/**
 * Looks at all partitions once, soon after a start that followed no clean end, instead of at each
 * when it is first used: what cannot be read, or not even opened, is to be known before somebody
 * asks for it. The start itself does not wait, and clients are served in between.
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
    // Logs that are opened meanwhile come up as well.
    for (const log of this.#logs.values()) {
      if (this.#isClosed) return;
      log.load();
      partitions++;
      damages += log.damages.length;
      if (log.offlineReason !== undefined) offline++;
      if (slices.isOver(0)) await slices.pause();
    }
    logger.info({ partitions, damages, offline }, 'all partitions were looked at');
  }
}
