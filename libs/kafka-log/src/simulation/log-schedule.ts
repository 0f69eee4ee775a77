import type { Crash, Promised } from '../faults/checker.ts';
import { MemoryFiles } from '../faults/memory-files.ts';
import { Random } from '../faults/random.ts';
import { ProcessClock, SimulatedClock } from '../faults/simulated-clock.ts';
import { asError, type ScheduleOutcome } from '../faults/schedule-outcome.ts';
import { Trace, Violation } from '../faults/trace.ts';
import type { Files } from '../files.ts';
import { LogManager } from '../log-manager.ts';
import { silentLogger } from '../logger.ts';
import { TIME_FILE } from '../retention.ts';
import { DiskTroubles } from './disk-troubles.ts';
import { PartitionActor } from './partition-actor.ts';
import { planOf, type LogPlan } from './log-plan.ts';

const DIRECTORY = '/data/log';
/** What a clean stop may take, in simulated time. */
const CLOSE_MS_MAX = 60_000;

export interface LogScheduleOptions {
  readonly seed: number;
  readonly durability: 'fsync' | 'os';
  readonly print?: (line: string) => void;
  /** Puts a fault into the product, to see that it is found. */
  readonly sabotage?: (files: MemoryFiles) => Files;
}

/** Plays one seeded schedule on the log alone and checks it. */
export async function runLogSchedule(options: LogScheduleOptions): Promise<ScheduleOutcome> {
  const schedule = new LogSchedule(options);
  try {
    await schedule.play();
    return schedule.outcome(undefined);
  } catch (error) {
    return schedule.outcome(error);
  }
}

/**
 * Appends, reads, rolls, retention, DeleteRecords, compaction, deleted and created topics,
 * restarts, crashes and every fault of a disk in one random order, with different weights for each
 * seed.
 */
class LogSchedule {
  readonly #random: Random;
  readonly #options: LogScheduleOptions;
  readonly #plan: LogPlan;
  readonly #machine = new SimulatedClock();
  readonly #trace: Trace;
  readonly #partitions: PartitionActor[] = [];
  readonly #troubles: DiskTroubles;
  readonly #losesPower: boolean;
  #clock!: ProcessClock;
  #files: MemoryFiles;
  #manager: LogManager | undefined;
  #producerIds = 0;
  #topicIds = 0;
  #failure: unknown;
  #crashes = 0;
  /** Index of a partition whose deletion was not over when the process ended; -1 for none. */
  #deleting = -1;
  #hasJumped = false;
  /** This process believes a clock that has jumped. */
  #isMisled = false;

  constructor(options: LogScheduleOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#plan = planOf(this.#random);
    this.#trace = new Trace(() => this.#machine.monotonicNow(), options.print);
    this.#files = new MemoryFiles(this.#machine);
    // In os mode a sync that failed and a power loss together may damage what seemed durable.
    this.#losesPower = options.durability === 'fsync' || this.#random.chance(0.5);
    const failsSyncs = options.durability === 'fsync' || !this.#losesPower;
    this.#troubles = new DiskTroubles(this.#random, this.#trace, failsSyncs);
    const { partitionCount, config } = this.#plan;
    this.#trace.add(`seed ${options.seed}, ${options.durability}: ${JSON.stringify(config)}`);
    for (let i = 0; i < partitionCount; i++) this.#partitions.push(this.#newPartition(i));
  }

  outcome(error: unknown): ScheduleOutcome {
    const { seed } = this.#options;
    const { hash, count, tail } = this.#trace;
    return { seed, error: asError(error), hash, steps: count, crashes: this.#crashes, tail };
  }

  async play(): Promise<void> {
    await this.#start();
    for (let step = 0; step < this.#plan.steps; step++) {
      await this.#guarded(() => this.#step());
    }
    this.#troubles.end(this.#files);
    this.#files.crashAt = Infinity;
    await this.#guarded(() => this.#restart());
    await this.#settle();
    for (const partition of this.#partitions) partition.checkAll(true);
  }

  /** Runs a step; a crash in the middle of it is part of the plan. */
  async #guarded(step: () => Promise<void> | void): Promise<void> {
    try {
      await step();
      await this.#advance(0);
    } catch (error) {
      if (!this.#files.isCrashed || error instanceof Violation) throw error;
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#files.isCrashed) await this.#crash();
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const partition = random.pick(this.#partitions);
    const action = random.weighted(this.#plan.weights);
    switch (action) {
      case 'append':
        return partition.append(this.#machine.now());
      case 'read':
        return partition.read();
      case 'wait':
        return this.#advance(random.pick([1, 5, 30, 200]));
      case 'checkAll':
        return partition.checkAll();
      case 'deleteRecords':
        return partition.deleteRecords();
      case 'retention':
        void this.#manager!.applyRetention().catch(() => {});
        return undefined;
      case 'compact':
        this.#trace.add('compaction');
        void this.#manager!.compact().catch(() => {});
        return undefined;
      case 'recreate':
        return this.#recreate(partition);
      case 'restart':
        return this.#restart();
      case 'kill':
        return this.#crash('kill');
      case 'losePower':
        return this.#crash('power loss');
      case 'crashSoon':
        this.#files.crashAt = this.#files.operations + 1 + random.below(25);
        return undefined;
      case 'trouble':
        return this.#troubles.change(this.#files);
      case 'jump':
        this.#machine.jump(random.pick([-3_600_000, 3_600_000, 10 * 365 * 86_400_000]));
        this.#trace.add('the wall clock jumps');
        this.#hasJumped = true;
        return undefined;
    }
  }

  async #start(): Promise<void> {
    const files = this.#files;
    files.syncDelayMs = this.#plan.syncDelayMs;
    this.#clock = new ProcessClock(this.#machine, (error) => {
      if (!files.isCrashed) this.#failure ??= error;
    });
    // After a crash before the time file was first written, a jump cannot be noticed: records and
    // producers count as old.
    this.#isMisled ||= this.#hasJumped && !files.paths.includes(`${DIRECTORY}/${TIME_FILE}`);
    if (this.#isMisled) for (const { checker } of this.#partitions) checker.allowStart(Infinity);
    const { openFilesMax, keepsReserve, retentionCheckIntervalMs } = this.#plan;
    this.#manager = LogManager.open({
      directory: DIRECTORY,
      durability: this.#options.durability,
      logger: silentLogger,
      files: this.#options.sabotage?.(files) ?? files,
      clock: this.#clock,
      openFilesMax,
      keepsReserve,
      retentionCheckIntervalMs,
    });
    // Like the broker, finishes a deletion before anything is served.
    const deleting = this.#partitions[this.#deleting];
    if (deleting !== undefined) await this.#delete(this.#deleting, deleting.topic);
    for (const partition of this.#partitions) partition.open(this.#manager);
  }

  #crash(as: Crash = this.#random.chance(0.5) ? 'kill' : 'power loss'): Promise<void> {
    const crash = this.#losesPower ? as : 'kill';
    this.#trace.add(`CRASH by ${crash} after ${this.#files.operations} file operations`);
    this.#crashes++;
    this.#clock.stop();
    const isPower = crash === 'power loss';
    this.#files = isPower ? this.#files.losePower(this.#random) : this.#files.kill();
    this.#troubles.end(this.#files);
    const keeps = this.#options.durability === 'fsync' ? 'power loss' : 'kill';
    for (const partition of this.#partitions) partition.crashed(crash, keeps);
    return this.#startAgain(isPower && keeps === 'kill');
  }

  /** Starts a new process; if a crash interrupts the start, starts again. */
  async #startAgain(isForgotten: boolean): Promise<void> {
    this.#manager = undefined;
    if (this.#random.chance(0.2)) {
      this.#files.crashAt = this.#files.operations + 1 + this.#random.below(10);
    }
    for (;;) {
      try {
        await this.#start();
        for (const partition of this.#partitions) {
          partition.started(isForgotten || this.#isMisled);
        }
        if (!this.#files.isCrashed) {
          this.#isMisled = false;
          return;
        }
      } catch (error) {
        // Whatever the crash threw, a new process starts.
        if (!this.#files.isCrashed) throw error;
      }
      this.#trace.add('CRASH while starting');
      this.#clock.stop();
      this.#files = this.#files.kill();
    }
  }

  async #restart(): Promise<void> {
    // With a full disk or a fault, the checkpoint may not have been written.
    const hadTrouble = this.#files.capacityBytes < Infinity || this.#files.fault !== undefined;
    const closing = this.#manager!.close();
    let isOver = false;
    const over = (): void => void (isOver = true);
    closing.then(over, over);
    await this.#machine.advance(0);
    const deadline = this.#machine.monotonicNow() + CLOSE_MS_MAX;
    while (!isOver && !this.#files.isCrashed && this.#machine.monotonicNow() < deadline) {
      if (!(await this.#machine.runNext(deadline))) break;
    }
    if (this.#files.isCrashed) return;
    if (!isOver) throw new Violation('closing the log never ends');
    this.#trace.add('closed, and started again');
    await closing.catch((error: unknown) => this.#trace.add(`close: ${String(error)}`));
    const isWell = !hadTrouble && this.#manager!.offlinePartitions.length === 0;
    this.#clock.stop();
    this.#files = this.#files.kill();
    this.#troubles.end(this.#files);
    // Only after a clean close is everything below the durable end; above it, damage is a torn
    // tail.
    if (isWell && this.#random.chance(this.#plan.bitFlipChance)) {
      for (const partition of this.#partitions) partition.damage(this.#files, DIRECTORY);
    }
    await this.#startAgain(false);
  }

  async #recreate(partition: PartitionActor): Promise<void> {
    const index = this.#partitions.indexOf(partition);
    const name = partition.topic;
    this.#partitions[index] = this.#newPartition(index);
    this.#deleting = index;
    this.#trace.add(`${name}-${index} is deleted and created again`);
    try {
      await this.#delete(index, name);
    } catch (error) {
      if (this.#files.isCrashed) throw error;
      // The next start finishes the deletion.
      this.#trace.add(`the deletion failed: ${String(error)}`);
      return this.#crash('kill');
    }
    if (!this.#files.isCrashed) this.#partitions[index].open(this.#manager!);
  }

  /** Waits for the deletion: the metadata frees the name only once the files are gone. */
  async #delete(index: number, topic: string): Promise<void> {
    const deleting = this.#manager!.deletePartition(topic, index);
    let isOver = false;
    const over = (): void => void (isOver = true);
    deleting.then(over, over);
    for (let i = 0; i < 100 && !isOver && !this.#files.isCrashed; i++) await this.#advance(10);
    if (this.#files.isCrashed) throw new Error('crashed while deleting');
    await deleting;
    this.#deleting = -1;
  }

  #newPartition(index: number): PartitionActor {
    const promised: Promised = this.#options.durability === 'fsync' ? 'power loss' : 'kill';
    return new PartitionActor({
      topic: 'orders',
      partition: index,
      topicId: `id-${this.#topicIds++}`,
      plan: this.#plan,
      random: this.#random,
      trace: this.#trace,
      promised,
      nextProducerId: () => this.#producerIds++,
      fail: (error) => (this.#failure ??= error),
    });
  }

  async #advance(ms: number): Promise<void> {
    const end = this.#machine.monotonicNow() + ms;
    while (!this.#files.isCrashed && (await this.#machine.runNext(end))) continue;
    if (!this.#files.isCrashed) await this.#machine.advance(end - this.#machine.monotonicNow());
  }

  async #settle(): Promise<void> {
    await this.#advance(1000);
  }
}
