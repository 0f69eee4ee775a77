import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { PipelineDefinitionError, type RetryLater } from '../../topology/definition-error.ts';
import type { PipelineDefinition } from '../../topology/pipeline-definition.ts';
import { BackOff, pause, unlessAborted } from '../back-off.ts';
import { hasKafkaError, reasonOf } from '../kafka-errors.ts';
import { obstacleOf } from '../obstacle.ts';
import { UndeliverableRecord } from '../output-delivery.ts';
import type { FetchedPartition, PartitionPosition } from '../partition-reader.ts';
import { InternalTopicCleaner } from './internal-topic-cleaner.ts';
import {
  isSameChoice,
  type StateChoice,
  type StateProblem,
  stateProblemOf,
  UNDECIDED,
} from './state-choice.ts';
import { type DeliveredUpTo, StreamDelivery } from './stream-delivery.ts';
import type {
  StreamProcessorOptions,
  StreamProcessorState,
  StreamProcessorStatus,
} from './stream-processor-options.ts';
import {
  closeSession,
  deliverRefusedRows,
  newSession,
  passGaps,
  type Session,
  type Work,
} from './stream-session.ts';
import { StreamTasks } from './stream-tasks.ts';
import { createTopicsOf } from '../pipeline-topics.ts';

const IDLE_MS = 200;
/** A state may come back by itself: its file, or the definition that made it. */
const STATE_TRIED_EVERY_MS = 5_000;
const TOPICS_CHECKED_EVERY_MS = 5_000;
/** How long records are processed without giving other work of the process its turn. */
const TURN_MS = 20;
/** Outputs of one commit: more are not held in memory. */
const OUTPUTS_MAX = 10_000;
const BACK_OFF = { minMs: 250, maxMs: 5_000 };

/**
 * The work on a record is given up, because it waits and its processor stops, pauses or loses it.
 */
class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * Runs a pipeline continuously, as a member of its consumer group: a task per partition number and
 * stage (see Task).
 *
 * Order of steps at a commit: state, positions and outputs in one transaction; then the outputs
 * acknowledged by all in-sync replicas; then the offsets in the group. Killed between two steps, it
 * goes on from the state: outputs that may not have been delivered are delivered again, and no
 * record is counted twice. Without state the group's offsets are where it goes on. Nothing is
 * skipped: an offset is committed only when everything before it is in the sink, in the dead-letter
 * topic, in the state, or was filtered out.
 *
 * It supervises itself. Any error ends the session (membership, reader, writer, tasks); after a
 * back-off a new one begins. While the brokers are away it is `retrying`, for ever; after an error
 * of our own, or a broker's refusal, it is `failed` until the next session runs. Paused, it stays a
 * member and keeps its partitions, so that records wait, resuming is immediate and offsets do not
 * expire. So it does, as `failed`, when its state was made by another definition or is missing: it
 * reads no record until somebody decides (StateChoice).
 */
export class StreamProcessor {
  readonly #options: StreamProcessorOptions;
  readonly #definition: PipelineDefinition;
  readonly #stop = new AbortController();
  readonly #deliveredUpTo = new Map<string, DeliveredUpTo>();
  /** Of records whose outputs are acknowledged. */
  readonly #counts = { consumed: 0, produced: 0, deadLettered: 0 };
  readonly #backOff = new BackOff(BACK_OFF);
  #state: StreamProcessorState = 'stopped';
  #lastError: string | null = null;
  #stateProblem: StateProblem | null = null;
  #partitions = 0;
  #paused: boolean;
  #sourcesCreated = false;
  #leaves = true;
  #replaces: readonly string[];
  #ended: Promise<void> | null = null;

  constructor(options: StreamProcessorOptions) {
    const { definition } = options;
    if (!definition.runsAs.stream) {
      throw new PipelineDefinitionError(definition.name, 'it does not run as a stream processor');
    }
    this.#options = options;
    this.#definition = definition;
    this.#paused = options.paused ?? false;
    this.#replaces = options.replaces ?? [];
  }

  get status(): StreamProcessorStatus {
    return {
      state: this.#state,
      ...this.#counts,
      partitions: this.#partitions,
      lastError: this.#lastError,
      stateProblem: this.#stateProblem,
    };
  }

  /** Begins; the returned promise resolves when it has stopped, and never rejects. */
  start(): Promise<void> {
    this.#ended ??= this.#supervise();
    return this.#ended;
  }

  /** Takes effect after the record that is in progress. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
  }

  /**
   * Stops fetching, finishes what is in flight and commits. Then it leaves the group; or it stays a
   * member that does nothing, for another processor which `replaces` it, so that nobody waits for
   * the group to form anew.
   */
  async stop({ leave = true } = {}): Promise<void> {
    this.#leaves = leave;
    this.#stop.abort();
    await this.#ended;
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      if (this.#backOff.failures === 0) {
        this.#setState('starting', null);
      }
      try {
        await this.#runSession(signal);
      } catch (error) {
        if (!(error instanceof UndeliverableRecord)) {
          this.#deliveredUpTo.clear();
        }
        this.#partitions = 0;
        const wait = this.#backOff.next();
        const log = { pipeline: this.#definition.name, err: error, waitMs: Math.round(wait) };
        this.#options.logger.warn(log, 'stream processor interrupted; it will go on');
        this.#setState(obstacleOf(error) === null ? 'failed' : 'retrying', reasonOf(error));
        await pause(wait, signal);
      }
    }
    this.#partitions = 0;
    this.#setState('stopped', null);
  }

  async #runSession(signal: AbortSignal): Promise<void> {
    await this.#createTopics();
    const session = newSession(this.#options, signal);
    const { member, tables } = session;
    try {
      await tables.load(signal);
      tables.follow();
      await unlessAborted(member.join(this.#replaces), signal);
      this.#replaces = [];
      while (!signal.aborted) {
        try {
          await this.#runAssignment(session);
        } catch (error) {
          if (!(error instanceof Interrupted)) throw error;
        }
      }
      await member.flush();
    } finally {
      await closeSession(session, { leavesGroup: this.#leaves });
    }
  }

  /**
   * Runs until the group gives another assignment, the state is another, or the processor stops.
   */
  async #runAssignment(session: Session): Promise<void> {
    const { member, reader } = session;
    const { kafka, logger } = this.#options;
    const { joins } = member;
    await member.flush();
    const opened = await this.#openTasks(session, joins);
    if (opened === null) return;
    const { tasks, choice } = opened;
    const delivery = new StreamDelivery({
      definition: this.#definition,
      writer: session.writer,
      member,
      deliveredUpTo: this.#deliveredUpTo,
      onDeadLetters: (reasons) => this.#options.onDeadLetters?.(reasons),
      onDelivered: ({ consumed, produced, deadLettered }) => {
        this.#counts.consumed += consumed;
        this.#counts.produced += produced;
        this.#counts.deadLettered += deadLettered;
      },
    });
    try {
      delivery.start(tasks.undelivered());
      await delivery.settled();
      const cleaner = new InternalTopicCleaner(kafka, this.#definition, logger);
      const work = { ...session, tasks, delivery, cleaner, joins, choice };
      if (!(await this.#begin(work))) return;
      await reader.assign(tasks.positions);
      await this.#work(work);
    } finally {
      await delivery.settled().catch(() => {});
      this.#partitions = 0;
      tasks.close();
    }
  }

  /**
   * Opens the tasks. While their state stops them, waits for a decision, or for the state itself;
   * null when the assignment is over.
   */
  async #openTasks(
    session: Session,
    joins: number,
  ): Promise<{ readonly tasks: StreamTasks; readonly choice: StateChoice } | null> {
    for (;;) {
      const choice = this.#choice;
      try {
        return { tasks: await this.#makeTasks(session, joins, choice), choice };
      } catch (error) {
        const problem = stateProblemOf(error);
        if (problem === null) throw error;
        this.#setState('failed', reasonOf(error), problem);
      }
      const triedAt = performance.now();
      const isOver = (): boolean => this.#isOver({ ...session, joins, choice });
      while (!isOver() && performance.now() - triedAt < STATE_TRIED_EVERY_MS) {
        await pause(IDLE_MS, session.signal);
        session.member.throwIfFailed();
      }
      if (session.signal.aborted || session.member.joins !== joins) return null;
    }
  }

  get #choice(): StateChoice {
    return this.#options.state?.() ?? UNDECIDED;
  }

  /**
   * Tasks that begin anew commit where, before they read: a restart goes on there, although the end
   * of a log has moved since. False when the assignment is over, so that it has to be done again.
   */
  async #begin(work: Work): Promise<boolean> {
    const { member, tasks, delivery, signal } = work;
    if (!tasks.areBeginning) return true;
    delivery.start(await tasks.commit());
    await delivery.settled();
    if (!(await member.flush()) || this.#isOver(work)) {
      await pause(IDLE_MS, signal);
      return false;
    }
    tasks.markBegun();
    const { epoch, startFrom } = work.choice;
    const log = { pipeline: this.#definition.name, epoch, startFrom };
    this.#options.logger.info(log, 'started over, with a state of its own');
    return true;
  }

  async #makeTasks(
    { member, signal, tables }: Session,
    joins: number,
    choice: StateChoice,
  ): Promise<StreamTasks> {
    const { stateFolder, logger } = this.#options;
    const waitUnlessOver = async (ms: number): Promise<void> => {
      await pause(ms, signal);
      if (this.#paused || this.#isOver({ signal, member, joins, choice })) throw new Interrupted();
    };
    const tasks = new StreamTasks({
      definition: this.#definition,
      assigned: await member.assigned(),
      partitionCounts: member.partitionCounts,
      stateFolder: join(stateFolder, this.#definition.name, 'stream'),
      choice,
      logger,
      tables: (source) => tables.rowsOf(source),
      ...this.#watching,
      signal,
      pause: waitUnlessOver,
      waitForHelp: async (reason: RetryLater, attempt: number) => {
        this.#setState('retrying', obstacleOf(reason));
        await waitUnlessOver(Math.min(BACK_OFF.minMs * 2 ** (attempt - 1), BACK_OFF.maxMs));
      },
    });
    for (const { topic, partition, offset } of tasks.moved) {
      const log = { pipeline: this.#definition.name, topic, partition, offset };
      logger.warn(log, 'the log no longer holds the committed offset; from its start');
    }
    this.#partitions = tasks.positions.length;
    return tasks;
  }

  get #watching(): Pick<StreamProcessorOptions, 'mark' | 'cutOffs' | 'oneAtATime'> {
    const { mark, cutOffs = [], oneAtATime = false } = this.#options;
    return { ...(mark !== undefined && { mark }), cutOffs, oneAtATime };
  }

  /** Reads, processes and commits until the assignment is over; then commits what is done. */
  async #work(work: Work): Promise<void> {
    const { member, tasks, tables, delivery } = work;
    const commitEveryMs = this.#definition.commitEveryMs;
    let topicsCheckedAt = performance.now();
    while (!this.#isOver(work)) {
      member.throwIfFailed();
      if (performance.now() - topicsCheckedAt > TOPICS_CHECKED_EVERY_MS) {
        topicsCheckedAt = performance.now();
        await member.rejoinIfTopicsGrew();
      }
      if (this.#paused || tasks.positions.length === 0) {
        await this.#commit(work);
        await delivery.settled();
        this.#setState(this.#paused ? 'paused' : 'running', null);
        await pause(IDLE_MS, work.signal);
        continue;
      }
      this.#setState('running', null);
      await tables.apply((topic, keys) => tasks.tableChanged(topic, keys));
      await this.#deliverRefusedRows(work);
      for (const part of await this.#poll(work, commitEveryMs)) {
        await this.#process(work, part);
      }
      await tasks.advance();
      await this.#commitIfDue(work);
    }
    await this.#commit(work);
    await delivery.settled();
  }

  async #deliverRefusedRows(work: Work): Promise<void> {
    const reasons = await deliverRefusedRows(work);
    if (reasons.length === 0) return;
    this.#counts.deadLettered += reasons.length;
    this.#options.onDeadLetters?.(reasons);
  }

  async #poll(work: Work, waitMs: number): Promise<FetchedPartition[]> {
    try {
      return await work.reader.next(waitMs);
    } catch (error) {
      if (hasKafkaError(error, 'OFFSET_OUT_OF_RANGE')) {
        await passGaps(work, this.#options);
        return [];
      }
      throw error;
    }
  }

  /**
   * Processes the records of a poll one by one. Between two of them it commits when that is due,
   * gives other work its turn, and stops when the assignment is over; the rest is read again.
   */
  async #process(work: Work, part: FetchedPartition): Promise<void> {
    const { tasks } = work;
    const readers = tasks.readersOf(part);
    let turnAt = performance.now();
    for (const record of part.records) {
      for (const task of readers) {
        const room = task.room();
        if (room !== undefined) await room;
        const outcome = task.process(record);
        if (outcome !== undefined) await outcome;
      }
      if (performance.now() - turnAt > TURN_MS || tasks.outputsWaiting > OUTPUTS_MAX) {
        await this.#commitIfDue(work);
        await turn();
        turnAt = performance.now();
        if (this.#isOver(work)) return;
        while (this.#paused && !this.#isOver(work)) {
          await this.#commit(work);
          this.#setState('paused', null);
          await pause(IDLE_MS, work.signal);
        }
      }
    }
    tasks.passed(part);
  }

  #isOver({
    signal,
    member,
    joins,
    choice,
  }: Pick<Work, 'signal' | 'member' | 'joins' | 'choice'>): boolean {
    return signal.aborted || member.joins !== joins || !isSameChoice(this.#choice, choice);
  }

  #committedAt = 0;

  async #commitIfDue(work: Work): Promise<void> {
    const isDue = performance.now() - this.#committedAt >= this.#definition.commitEveryMs;
    if (isDue || work.tasks.outputsWaiting > OUTPUTS_MAX) {
      await this.#commit(work);
    }
  }

  async #commit({ tasks, delivery, cleaner }: Work): Promise<void> {
    await delivery.settled();
    const commits = await tasks.commit();
    this.#committedAt = performance.now();
    delivery.start(commits);
    if (commits.length > 0) {
      this.#backOff.reset();
      cleaner.follow(commits.flatMap(({ positions }): readonly PartitionPosition[] => positions));
    }
  }

  async #createTopics(): Promise<void> {
    const definition = this.#definition;
    const { kafka, logger } = this.#options;
    const created = await createTopicsOf(definition, kafka, { sources: !this.#sourcesCreated });
    this.#sourcesCreated = true;
    if (created.length > 0) {
      logger.info({ pipeline: definition.name, created }, 'topics created');
    }
  }

  #setState(
    state: StreamProcessorState,
    reason: string | null,
    problem: StateProblem | null = null,
  ): void {
    const changed = state !== this.#state || problem !== this.#stateProblem;
    this.#state = state;
    this.#lastError = reason;
    this.#stateProblem = problem;
    if (changed) {
      this.#options.onState?.(state, reason);
    }
  }
}
