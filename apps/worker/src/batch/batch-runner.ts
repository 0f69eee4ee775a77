import { Injectable } from '@nestjs/common';
import {
  BackfillRuns,
  BatchLedger,
  BatchTicksService,
  machineMs,
  type Ticket,
} from '@penstock/control-plane';
import { pause } from '@penstock/pipelines';
import { DatabaseWatcher, Logger, RedisConnection, logSurvived } from '@penstock/platform';
import { Queue, Worker } from 'bullmq';
import { BatchExecutor } from './batch-executor.ts';
import { BatchRuns } from './batch-runs.ts';

/** Tickets that one worker works on at the same time. */
export const BATCH_SLOTS = 4;
const QUEUE = 'batch';
const LOOK_EVERY_MS = 1_000;
/** The least time between two looks, however often control.db changes. */
const LOOK_INTERVAL_MIN_MS = 100;
/** A ticket that is still in Redis but whose worker died is given to another after this long. */
const STALLED_AFTER_MS = 5_000;
/** The supervisor gives a worker five seconds. */
const CLOSE_DEADLINE_MS = 2_000;
const CLOSE_DEADLINE_BUSY_MS = 4_000;

/**
 * Brings the ledger's tickets to the workers through BullMQ.
 *
 * The queue holds tickets only. A ticket's job id is made of its run, part and lease epoch, so
 * adding it again changes nothing, and the ledger refuses one that comes out twice. The next look
 * adds again what Redis loses; without Redis the runs wait and schedules still make runs.
 */
@Injectable()
export class BatchRunner {
  readonly #redis: RedisConnection;
  readonly #ledger: BatchLedger;
  readonly #ticks: BatchTicksService;
  readonly #backfills: BackfillRuns;
  readonly #executor: BatchExecutor;
  readonly #runs: BatchRuns;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  readonly #unwatch: Array<() => void>;
  #queue: Queue<Ticket> | null = null;
  #worker: Worker<Ticket> | null = null;
  #looking: Promise<void> | null = null;
  #making: Promise<void> | null = null;
  #wakeUp: () => void = () => {};
  #woken = false;
  #enqueuing = false;
  #busy = 0;

  constructor(
    redis: RedisConnection,
    ledger: BatchLedger,
    ticks: BatchTicksService,
    backfills: BackfillRuns,
    executor: BatchExecutor,
    runs: BatchRuns,
    logger: Logger,
    watcher: DatabaseWatcher,
  ) {
    this.#redis = redis;
    this.#ledger = ledger;
    this.#ticks = ticks;
    this.#backfills = backfills;
    this.#executor = executor;
    this.#runs = runs;
    this.#logger = logger;
    this.#unwatch = [watcher.onChange(() => this.#wake()), redis.onChange(() => this.#wake())];
  }

  get slotsBusy(): number {
    return this.#busy;
  }

  get redisProblem(): string | null {
    return this.#redis.problem?.words ?? null;
  }

  async start(): Promise<void> {
    await this.#runs
      .removeUnfinished()
      .catch((error: unknown) =>
        this.#logger.pino.warn({ err: error }, 'half-written files could not be removed'),
      );
    this.#looking = this.#lookUntilStopped();
  }

  /**
   * Waits until Redis can be used, because a BullMQ worker that is refused at its first connection
   * ends. A worker that ended otherwise is made anew.
   */
  #joinRedis(): void {
    if (!this.#redis.usable || this.#stop.signal.aborted || this.#worker?.isRunning()) {
      return;
    }
    this.#worker?.close(true).catch(() => {});
    this.#queue?.close().catch(() => {});
    const options = { prefix: this.#redis.bullPrefix };
    this.#queue = new Queue<Ticket>(QUEUE, {
      ...options,
      connection: this.#redis.createBullConnection(),
    });
    this.#worker = new Worker<Ticket>(QUEUE, (job) => this.#work(job.data), {
      ...options,
      connection: this.#redis.createBullConnection(),
      concurrency: BATCH_SLOTS,
      stalledInterval: STALLED_AFTER_MS,
    });
    // RedisConnection reports what is wrong with Redis; a ticket's failure is in the ledger.
    const onError = (error: Error): void => this.#logger.pino.debug({ err: error }, 'bullmq');
    this.#queue.on('error', onError);
    this.#worker.on('error', onError);
  }

  /** Steps stop at their next checkpoint and give back their claims. */
  async stop(): Promise<void> {
    this.#unwatch.forEach((unwatch) => unwatch());
    this.#stop.abort();
    this.#wake();
    await this.#looking;
    const closing = Promise.allSettled([
      this.#worker?.close(!this.#redis.usable) ?? Promise.resolve(),
      this.#queue?.close() ?? Promise.resolve(),
      this.#making ?? Promise.resolve(),
    ]);
    let timer: NodeJS.Timeout | undefined;
    // Without Redis, BullMQ may wait for it; the connections are cut a moment later anyway.
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#busy > 0 ? CLOSE_DEADLINE_BUSY_MS : CLOSE_DEADLINE_MS);
    });
    await Promise.race([closing, deadline]);
    clearTimeout(timer);
  }

  async #work(ticket: Ticket): Promise<void> {
    this.#busy += 1;
    try {
      await this.#executor.execute(ticket, this.#stop.signal);
    } finally {
      this.#busy -= 1;
      this.#wake();
    }
  }

  async #lookUntilStopped(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#woken = false;
      this.#joinRedis();
      try {
        this.#makeRuns();
        this.#enqueue(await this.#ledger.due(machineMs()));
      } catch (error) {
        logSurvived(this.#logger.pino, error, 'batch runs could not be looked after');
      }
      await pause(LOOK_INTERVAL_MIN_MS, signal);
      if (!this.#woken && !signal.aborted) {
        await this.#sleep(LOOK_EVERY_MS - LOOK_INTERVAL_MIN_MS);
      }
    }
  }

  /** Not awaited: brokers that do not answer hold up new runs, but not those that are there. */
  #makeRuns(): void {
    this.#making ??= this.#makeRunsOnce()
      .catch((error: unknown) =>
        logSurvived(this.#logger.pino, error, 'batch runs could not be made'),
      )
      .finally(() => {
        this.#making = null;
      });
  }

  async #makeRunsOnce(): Promise<void> {
    const made = await this.#ticks.tick(Date.now());
    const continued = await this.#backfills.advance();
    if (made + continued > 0) {
      this.#wake();
    }
  }

  /** Not awaited: BullMQ waits for a Redis that went away, but the schedules must not. */
  #enqueue(tickets: readonly Ticket[]): void {
    if (tickets.length === 0 || !this.#redis.usable || this.#enqueuing || !this.#queue) {
      return;
    }
    this.#enqueuing = true;
    this.#queue
      .addBulk(
        tickets.map((ticket) => ({
          name: ticket.kind,
          data: ticket,
          opts: { jobId: jobIdOf(ticket), removeOnComplete: true, removeOnFail: true },
        })),
      )
      .catch((error: unknown) => {
        const log = this.#redis.usable ? 'warn' : 'debug';
        this.#logger.pino[log]({ err: error }, 'tickets could not be queued');
      })
      .finally(() => {
        this.#enqueuing = false;
      });
  }

  #wake(): void {
    this.#woken = true;
    this.#wakeUp();
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** BullMQ wants ids without colons that are not a number. */
function jobIdOf(ticket: Ticket): string {
  return ticket.kind === 'step'
    ? `step-${ticket.runId}-${ticket.partition}-${ticket.epoch}`
    : `${ticket.kind}-${ticket.runId}-${ticket.epoch}`;
}
