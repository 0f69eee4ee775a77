import type { Logger } from '@penstock/kafka-log';
import { ApiKeys } from '@penstock/kafka-protocol';
import type { Crash, ScheduleOutcome } from '@penstock/kafka-log/faults';
import { asError, Random, SimulatedClock, Trace, Violation } from '@penstock/kafka-log/faults';
import { AdminActor, describe, look } from './admin-actor.ts';
import { brokerPlanOf, type BrokerPlan } from './broker-plan.ts';
import { BrokerWorld, type Sabotage } from './broker-world.ts';
import { MemberActor, checkOffset } from './member-actor.ts';
import type { ProtocolClient } from './protocol-client.ts';
import { ProducerActor } from './producer-actor.ts';
import { ReaderActor, readAll } from './reader-actor.ts';
import { withRejectionsWatched } from './rejections.ts';

/** Simulated time that anything which must end may take. */
const PATIENCE_MS = 120_000;

export interface BrokerScheduleOptions {
  readonly seed: number;
  readonly durability: 'fsync' | 'os';
  readonly print?: (line: string) => void;
  readonly logger?: Logger;
  readonly sabotage?: Sabotage;
}

/** Plays one seeded schedule on a whole broker with clients, and checks it. */
export async function runBrokerSchedule(options: BrokerScheduleOptions): Promise<ScheduleOutcome> {
  const schedule = new BrokerSchedule(options);
  try {
    await withRejectionsWatched(
      (error) => schedule.rejected(error),
      () => schedule.play(),
    );
    return schedule.outcome(undefined);
  } catch (error) {
    return schedule.outcome(error);
  }
}

/**
 * Producers, readers, members of groups and an administrator work on a broker while its machine
 * fails in every way; at the end all is read once more and compared with what was promised.
 */
class BrokerSchedule {
  readonly #options: BrokerScheduleOptions;
  readonly #random: Random;
  readonly #plan: BrokerPlan;
  readonly #machine = new SimulatedClock();
  readonly #trace: Trace;
  readonly #world: BrokerWorld;
  #failure: unknown;
  #crashes = 0;

  constructor(options: BrokerScheduleOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    const { durability, sabotage = {}, logger } = options;
    this.#plan = brokerPlanOf(this.#random, durability);
    this.#trace = new Trace(() => this.#machine.monotonicNow(), options.print);
    this.#world = new BrokerWorld({
      random: this.#random.fork(),
      machine: this.#machine,
      trace: this.#trace,
      durability,
      sabotage,
      settings: this.#plan.settings,
      fail: (error) => (this.#failure ??= error),
      ...(logger && { logger }),
    });
    this.#world.syncDelayMs = this.#plan.syncDelayMs;
    this.#world.commitMs = this.#plan.commitMs;
  }

  outcome(error: unknown): ScheduleOutcome {
    const { hash, count, tail } = this.#trace;
    const { seed } = this.#options;
    return { seed, error: asError(error), hash, steps: count, crashes: this.#crashes, tail };
  }

  /** Nobody handled the rejection of a promise: a real process would end. */
  rejected(error: unknown): void {
    if (!this.#world.files.isCrashed && !isOfDeadProcess(error)) this.#failure ??= error;
  }

  async play(): Promise<void> {
    this.#trace.add(`seed ${this.#options.seed}, ${this.#options.durability}`);
    await this.#bringUp();
    const { actors, running } = this.#startActors();
    const end = this.#machine.monotonicNow() + this.#plan.lengthMs;
    let nextTrouble = this.#machine.monotonicNow() + this.#pauseMs();
    while (this.#machine.monotonicNow() < end) {
      const until = Math.min(nextTrouble, end);
      await this.#run(until);
      if (this.#machine.monotonicNow() < nextTrouble) continue;
      await this.#trouble();
      nextTrouble = this.#machine.monotonicNow() + this.#pauseMs();
    }
    if (this.#world.files.isCrashed) await this.#crash();
    this.#heal();
    this.#world.files.crashAt = Infinity;
    this.#world.isEnding = true;
    await this.#untilDone(Promise.all(running), 'the actors');
    this.#trace.add(`${actors} actors have ended`);
    await this.#checkAll();
  }

  #startActors(): { actors: number; running: Promise<void>[] } {
    const { plan, world, random } = { plan: this.#plan, world: this.#world, random: this.#random };
    const { names, partitionsMax } = plan;
    const actors: { run: () => Promise<void> }[] = Array.from(
      { length: plan.admins },
      () =>
        new AdminActor(world, {
          random: random.fork(),
          names,
          partitionsMax,
          pauseMs: plan.adminPauseMs,
          weights: plan.adminWeights,
        }),
    );
    for (const [i, options] of plan.producers.entries()) {
      const name = `p${i}${options.isIdempotent ? 'i' : `a${options.acks}`}`;
      actors.push(new ProducerActor(world, { ...options, name, random: random.fork() }));
    }
    for (let i = 0; i < plan.readers; i++) {
      actors.push(new ReaderActor(world, random.fork(), names, partitionsMax));
    }
    for (const { group, instanceId } of plan.members) {
      const member = { group, instanceId, random: random.fork(), topics: names, partitionsMax };
      actors.push(new MemberActor(world, member));
    }
    return { actors: actors.length, running: actors.map((actor) => actor.run()) };
  }

  #pauseMs(): number {
    return this.#random.next() * this.#plan.troubleEveryMs;
  }

  async #trouble(): Promise<void> {
    const world = this.#world;
    const { files } = world;
    const trouble = this.#random.weighted(this.#plan.troubles);
    this.#trace.add(`trouble: ${trouble}`);
    switch (trouble) {
      case 'kill':
        return this.#crash('kill');
      case 'losePower':
        return this.#crash('power loss');
      case 'crashSoon':
        files.crashAt = files.operations + 1 + this.#random.below(40);
        return undefined;
      case 'restart':
        await this.#untilDone(world.stop(), 'the broker', () => world.files.isCrashed);
        return world.files.isCrashed ? this.#crash() : this.#bringUp();
      case 'full':
        files.capacityBytes = files.usedBytes + this.#random.below(3000);
        return undefined;
      case 'syncFails':
        this.#failSyncs();
        return undefined;
      case 'shortWrites':
        files.shortWrites = this.#random;
        return undefined;
      case 'slowDisk':
        files.syncDelayMs = this.#random.below(60);
        return undefined;
      case 'storeFails':
        world.commitFailureChance = this.#random.pick([0.3, 1]);
        if (world.store) world.store.failureChance = world.commitFailureChance;
        return undefined;
      case 'slowStore':
        if (world.store) world.store.commitMs = this.#random.below(300);
        return undefined;
      case 'network':
        world.network.breakSome();
        return undefined;
      case 'jump':
        this.#machine.jump(this.#random.pick([-3_600_000, 3_600_000]));
        return undefined;
      case 'heal':
        this.#heal();
        return undefined;
      case 'compact':
        void world.broker?.context.logs.compact().catch(() => {});
        return undefined;
      case 'retention':
        void world.broker?.context.logs.applyRetention().catch(() => {});
        return undefined;
    }
  }

  /** One sync fails; of records, it takes partitions offline until a restart. */
  #failSyncs(): void {
    const { files } = this.#world;
    files.fault = (operation, path) => {
      if (operation !== 'syncData' && operation !== 'syncDirectory') return undefined;
      files.fault = undefined;
      return Object.assign(new Error(`EIO: ${path}`), { code: 'EIO' });
    };
  }

  #heal(): void {
    const world = this.#world;
    world.files.fault = undefined;
    world.files.shortWrites = undefined;
    world.files.capacityBytes = Infinity;
    world.commitFailureChance = 0;
    if (world.store) world.store.failureChance = 0;
  }

  async #crash(as: Crash = this.#random.pick(['kill', 'power loss'])): Promise<void> {
    this.#crashes++;
    this.#world.crash(this.#plan.losesPower ? as : 'kill');
    this.#heal();
    await this.#bringUp();
  }

  /** Starts the broker, and again when that is cut short by a crash. */
  async #bringUp(): Promise<void> {
    const world = this.#world;
    for (;;) {
      if (this.#random.chance(0.15)) {
        world.files.crashAt = world.files.operations + 1 + this.#random.below(15);
      }
      let failure: Error | undefined;
      const starting = world.start().catch((error: unknown) => {
        failure = asError(error);
      });
      await this.#untilDone(starting, 'the start', () => world.files.isCrashed);
      if (!world.files.isCrashed && failure === undefined) return;
      // A broker whose database or disk fails cannot start; an operator repairs it.
      const hasReason =
        world.commitFailureChance > 0 ||
        world.store?.failureChance !== 0 ||
        String(failure).includes('EIO');
      if (!world.files.isCrashed && !hasReason) throw failure;
      this.#trace.add(`the start failed: ${failure?.message ?? 'a crash'}`);
      this.#heal();
      world.crash(this.#plan.losesPower && this.#random.chance(0.5) ? 'power loss' : 'kill');
    }
  }

  /** Lets time pass until `end`; crashes that come up on the way are followed by a new start. */
  async #run(end: number): Promise<void> {
    while (await this.#machine.runNext(end)) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#world.files.isCrashed) await this.#crash();
    }
    await this.#machine.advance(Math.max(0, end - this.#machine.monotonicNow()));
  }

  async #untilDone<T>(
    task: Promise<T>,
    what: string,
    mayStop: () => boolean = () => false,
  ): Promise<T | undefined> {
    let isOver = false;
    const over = (): void => void (isOver = true);
    task.then(over, over);
    await this.#machine.advance(0);
    const deadline = this.#machine.monotonicNow() + PATIENCE_MS;
    while (!isOver && !mayStop()) {
      const goesOn = await this.#machine.runNext(deadline);
      if (this.#failure !== undefined) throw this.#failure;
      if (!goesOn && !isOver) throw new Violation(`${what}: no end comes`);
    }
    return isOver && !mayStop() ? task : undefined;
  }

  /** Restarts once more, in good order or not, and reads everything. */
  async #checkAll(): Promise<void> {
    this.#world.files.crashAt = Infinity;
    if (this.#random.chance(0.5)) {
      await this.#untilDone(this.#world.stop(), 'the broker');
    } else {
      this.#crashes++;
      this.#world.crash(this.#plan.losesPower ? this.#random.pick(['kill', 'power loss']) : 'kill');
    }
    this.#heal();
    await this.#bringUp();
    this.#world.files.crashAt = Infinity;
    await this.#untilDone(this.#readEverything(this.#world.client()), 'reading everything');
  }

  async #readEverything(client: ProtocolClient): Promise<void> {
    const world = this.#world;
    for (const topic of world.ledger.topics.values()) {
      await look(world, client, topic);
      await describe(world, client, topic);
      const { knownId: id } = topic;
      if (id === undefined) continue;
      for (let partition = 0; partition < this.#plan.partitionsMax; partition++) {
        await this.#readPartition(client, topic.name, id, partition);
      }
    }
  }

  async #readPartition(
    client: ProtocolClient,
    name: string,
    id: string,
    partition: number,
  ): Promise<void> {
    const world = this.#world;
    const topic = world.ledger.topic(name);
    const answer = await client.request(ApiKeys.ListOffsets, 5, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name, partitions: [{ partitionIndex: partition, timestamp: -2 }] }],
    });
    const earliest = answer.topics[0]!.partitions[0]!;
    if (earliest.errorCode !== 0) return;
    const target = { topic: name, id, partition, start: earliest.offset };
    const old = await readAll(client, this.#random, { version: 4, stride: 'records' }, target);
    const anew = await readAll(client, this.#random, { version: 16, stride: 'batches' }, target);
    // Retention was quicker: once more, from the new start.
    if (old === undefined || anew === undefined) {
      return this.#readPartition(client, name, id, partition);
    }
    const { records, end } = anew;
    if (JSON.stringify(old.records) !== JSON.stringify(records)) {
      throw new Violation(`${name}-${partition} reads differently by records and by batches`);
    }
    this.#trace.add(`${name}-${partition} from ${earliest.offset} to ${end}`);
    const checker = world.ledger.checker(topic, id, partition);
    checker.read({ from: earliest.offset, records, next: end, highWatermark: end });
    checker.checkAll(records, { start: earliest.offset, end, isSettled: true });
    for (const group of new Set(this.#plan.members.map((member) => member.group))) {
      await checkOffset(world, client, group, name, partition);
    }
  }
}

/** True for errors of a crashed process: nothing is left to handle its promises. */
function isOfDeadProcess(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at.name === 'CrashedError') return true;
  }
  return false;
}
