import { Injectable } from '@nestjs/common';
import { ProcessorsService, WorkersService, type WorkerView } from '@penstock/control-plane';
import { Logger, logSurvived } from '@penstock/platform';
import { BATCH_SLOTS, BatchRunner } from '../batch/batch-runner.ts';
import { WorkerIdentity } from '../identity/worker-identity.ts';
import { ProcessorRunner } from '../processors/processor-runner.ts';

const BEAT_EVERY_MS = 1_000;
const FOLD_EVERY_BEATS = 60;

/** Once a second: says that this worker is there, and what its processors do. */
@Injectable()
export class Heartbeat {
  readonly #identity: WorkerIdentity;
  readonly #workers: WorkersService;
  readonly #processors: ProcessorsService;
  readonly #runner: ProcessorRunner;
  readonly #batch: BatchRunner;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | null = null;
  #beating: Promise<void> | null = null;
  #beats = 0;
  #onBeat: (alive: readonly WorkerView[]) => void = () => {};

  constructor(
    identity: WorkerIdentity,
    workers: WorkersService,
    processors: ProcessorsService,
    runner: ProcessorRunner,
    batch: BatchRunner,
    logger: Logger,
  ) {
    this.#identity = identity;
    this.#workers = workers;
    this.#processors = processors;
    this.#runner = runner;
    this.#batch = batch;
    this.#logger = logger;
  }

  /** Beats at once and from then on; `onBeat` is told the living workers, the oldest first. */
  async start(onBeat: (alive: readonly WorkerView[]) => void): Promise<void> {
    this.#onBeat = onBeat;
    await this.#beat();
    this.#timer = setInterval(() => {
      // A beat that takes longer than a second is not overtaken by the next.
      this.#beating ??= this.#beat().finally(() => (this.#beating = null));
    }, BEAT_EVERY_MS);
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) {
      clearInterval(this.#timer);
    }
    await this.#beating;
    await this.#workers
      .leave(this.#identity.id)
      .catch((error: unknown) =>
        logSurvived(this.#logger.pino, error, 'this worker stays on the list'),
      );
  }

  async #beat(): Promise<void> {
    try {
      const { id, pid, host, startedAt } = this.#identity;
      await this.#workers.heartbeat({
        id,
        pid,
        host,
        startedAt,
        redisProblem: this.#batch.redisProblem,
        slotsBusy: this.#batch.slotsBusy,
        slots: BATCH_SLOTS,
      });
      await this.#runner.report();
      if (this.#beats++ % FOLD_EVERY_BEATS === 0) {
        await this.#processors.foldGone();
        await this.#workers.forgetGone();
      }
      this.#onBeat(await this.#workers.alive());
    } catch (error) {
      logSurvived(this.#logger.pino, error, 'a heartbeat could not be written');
    }
  }
}
