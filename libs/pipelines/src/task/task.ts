import { buildGraph, type Graph } from '../operators/graph.ts';
import { asPoison } from '../operators/apply.ts';
import { Item } from '../operators/item.ts';
import {
  inOrder,
  type Maybe,
  type Operator,
  PoisonRecord,
  type TaskPort,
} from '../operators/operator.ts';
import { TaskState } from '../state/task-state.ts';
import type { Node, Sink, SourceNode, TableSource } from '../topology/nodes.ts';
import type { PipelineDefinition } from '../topology/pipeline-definition.ts';
import type { OperatorContext, SourceRecord, TableView } from '../topology/source-record.ts';
import { entryFor, type Stage } from '../topology/stages.ts';
import { UNMARKED, type WorkMark } from '../watch/work-mark.ts';
import { CutOffs } from './cut-offs.ts';
import { EventTime } from './event-time.ts';
import { ItemContext } from './item-context.ts';
import { decode, eventTimeOf } from './record-decoding.ts';
import { type LateItem, Made } from './made.ts';
import { decodeMessage, type Mark } from './repartition-message.ts';
import { epochIn, taskName } from './task-name.ts';
import { type KeptPositions, stateFor } from './task-positions.ts';
import type { TaskOptions, TaskCounts } from './task-options.ts';
import { decodeOutputs, encodeOutputs } from './kept-outputs.ts';
import type { Committed } from './task-output.ts';
import { Units } from './units.ts';

/**
 * Runs the operators of one stage over one partition of each of its topics. Who runs a stream and
 * who runs a window of offsets give it the same records and so get the same outputs.
 *
 * It is used by one caller, one call at a time: `process` for each record in the order of its
 * partition, `advance` when time went on without one, `commit` in between. Everything since the
 * last commit is gone when the task is let go of without another one.
 */
export class Task implements TaskPort {
  readonly pipeline: string;
  readonly number: number;
  readonly state: TaskState;
  readonly mark: WorkMark;
  readonly oneAtATime: boolean;
  readonly #options: TaskOptions;
  readonly #definition: PipelineDefinition;
  readonly #stage: Stage;
  readonly #graph: Graph;
  readonly #operators: readonly Operator[];
  readonly #time: EventTime;
  readonly #needsTime: boolean;
  readonly #cutOffs: CutOffs | null;
  readonly #epoch: number;
  readonly #made: Made;
  readonly #units: Units;
  #touched = false;
  #woken = false;
  #started = false;

  constructor(options: TaskOptions) {
    this.#options = options;
    this.#definition = options.definition;
    this.#stage = options.stage;
    this.pipeline = options.definition.name;
    this.number = options.number;
    this.mark = options.mark ?? UNMARKED;
    this.oneAtATime = options.oneAtATime ?? false;
    this.#cutOffs = CutOffs.of(options.cutOffs, options.stage.index);
    this.state = new TaskState(options.backing);
    this.#epoch = options.epoch ?? 0;
    const kept = stateFor(options.definition, this.state.readPositions(), options.keepStateFor);
    this.#touched = kept !== null && kept.stateHash !== options.definition.stateHash;
    this.#made = new Made(options, this.name, kept?.exitSequence ?? 0);
    const { state } = this;
    this.#units = new Units({ ...options, state, made: this.#made, cutOffs: this.#cutOffs });
    this.#time = new EventTime(options, kept);
    this.#graph = buildGraph(options.stage, this);
    this.#operators = this.#graph.steps.map(({ operator }) => operator);
    this.#needsTime =
      options.stage.exits.length > 0 ||
      this.#operators.some((operator) => operator.onWatermark !== undefined);
    void this.#reach(() => {});
  }

  /** What other tasks and people call it. */
  get name(): string {
    return taskName({ stage: this.#stage.index, number: this.number, epoch: this.#epoch });
  }

  get isStateful(): boolean {
    return this.#stage.stateful;
  }

  /** How far event time has come in this task, ms since epoch. */
  get watermark(): number {
    return this.#time.watermark;
  }

  get unit(): Promise<void> | null {
    return this.#units.underWay;
  }

  get counts(): Readonly<TaskCounts> & { readonly pending: number } {
    const pending = this.#operators.reduce((sum, each) => sum + (each.pending?.() ?? 0), 0);
    return { ...this.#made.counts, pending };
  }

  /** Outputs that wait for the next commit. */
  get outputsWaiting(): number {
    return this.#made.waiting;
  }

  /** Whether something happened since the last commit. */
  get hasUncommitted(): boolean {
    return this.#touched;
  }

  /** Where to go on reading, for each partition that the task knows. */
  get positions(): ReturnType<EventTime['positions']> {
    return this.#time.positions();
  }

  /** Outputs of commits whose delivery is not known, the oldest first. */
  undelivered(): Committed[] {
    return this.state.undelivered().map(({ sequence, bytes }) => ({
      sequence,
      outputs: decodeOutputs(bytes),
    }));
  }

  /** Takes one record. Records before the task's position are passed over. */
  process(record: SourceRecord): Maybe {
    return this.#whenFree(() => this.#process(record));
  }

  #process(record: SourceRecord): Maybe {
    const partition = this.#time.partition(record.topic, record.partition);
    if (record.offset < partition.offset) return;
    partition.readUpTo(record.offset);
    this.#touched = true;
    const entry = entryFor(this.#stage, this.pipeline, record.topic);
    if (entry.kind === 'repartition') {
      return this.#after(this.#processMessage(entry, record));
    }
    this.#made.counts.consumed += 1;
    const value = this.#attemptDecode(entry, record);
    return value instanceof Promise
      ? value.then((decoded) => this.#after(this.#enter(entry, record, decoded)))
      : this.#after(this.#enter(entry, record, value));
  }

  /** Gives a record up without processing it, because somebody decided so. */
  leaveOut(record: SourceRecord, reason: PoisonRecord): void {
    const partition = this.#time.partition(record.topic, record.partition);
    if (record.offset < partition.offset) return;
    partition.readUpTo(record.offset);
    this.#touched = true;
    this.#made.leaveOut(record, reason, 1);
  }

  /** The records before an offset are gone or hold nothing for the task. */
  moveTo(topic: string, partition: number, offset: number): void {
    if (this.#time.partition(topic, partition).moveTo(offset)) this.#touched = true;
  }

  /** The log does not hold the position: the next record to come is the one at an offset. */
  restartAt(topic: string, partition: number, offset: number): void {
    this.#time.partition(topic, partition).restartAt(offset);
    this.#touched = true;
  }

  /** A partition has been read to its end. */
  atEnd(topic: string, partition: number): void {
    this.#time.partition(topic, partition).atEnd(this.#options.now());
  }

  /** Time went on by the clock: partitions may have become idle. */
  advance(): Maybe {
    if (this.#made.isNews(this.#markOf())) this.#touched = true;
    return this.#whenFree(() => this.#advance());
  }

  /** The end of a batch run: event time comes to the run's nominal time, in ms since epoch. */
  finish(nominal: number): Maybe {
    this.#time.finishAt(nominal);
    return this.#whenFree(() => this.#advance());
  }

  /** Rows of a table changed. */
  tableChanged(topic: string, keys: readonly string[]): Maybe {
    this.#touched = true;
    return this.#whenFree(() =>
      inOrder(this.#operators, (operator) => operator.onTable?.(topic, keys)),
    );
  }

  /** Waits until one more record may come; undefined when it may at once. */
  room(): Promise<void> | undefined {
    for (const operator of this.#operators) {
      const waiting = operator.room?.();
      if (waiting !== undefined) return waiting;
    }
    return undefined;
  }

  /**
   * Makes everything since the last commit durable: state, positions, and the outputs, which the
   * caller then delivers.
   */
  async commit(): Promise<Committed> {
    await this.#whenFree(() => {});
    await this.#finishAll();
    // What is sent on for the commit may be held for it once more, further on.
    for (let units = -1; units !== this.#units.count;) {
      units = this.#units.count;
      for (const operator of this.#operators) {
        await operator.onCommit?.();
        await operator.drain?.();
      }
      await this.#finishAll();
    }
    this.#made.sayMark(this.#markOf());
    const outputs = this.#made.take();
    const positions: KeptPositions = {
      ...this.#time.keep(),
      stateHash: this.#definition.stateHash,
      exitSequence: this.#made.exitSequence,
      epoch: this.#epoch,
      nextDueAt: this.#nextDueAt(),
    };
    const bytes = outputs.length > 0 && this.#stage.stateful ? encodeOutputs(outputs) : null;
    this.#touched = false;
    return { sequence: this.state.commit(positions, bytes), outputs };
  }

  /** The outputs of a commit, and of those before it, are acknowledged. */
  delivered({ sequence }: Committed): void {
    this.state.delivered(sequence);
  }

  close(): void {
    this.state.close();
  }

  // What operators ask for.

  contextOf(item: Item, attempt = this.#units.currentAttempt): OperatorContext {
    return new ItemContext(item, attempt, this.#options);
  }

  async inTime(outcome: Promise<unknown>, operator: string, item: Item): Promise<unknown> {
    const ms = this.#definition.handlerTimeoutMs;
    const slot = this.mark.waits(operator, item.origin, item.id);
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`it took longer than ${ms} ms`)), ms);
    try {
      return await Promise.race([outcome, late]);
    } finally {
      clearTimeout(timer);
      this.mark.settled(slot);
    }
  }

  guard(item: Item, work: (attempt: number) => Maybe, giveUp?: () => void): Maybe {
    return this.#units.guard(item, work, giveUp);
  }

  attempt(item: Item, work: (attempt: number) => Promise<void>): Promise<void> {
    return this.#units.attempt(item, work);
  }

  afterUnit(act: () => void): void {
    this.#units.afterUnit(act);
  }

  wake(): void {
    this.#woken = true;
  }

  table(source: TableSource): TableView<unknown> {
    return this.#options.tables(source);
  }

  late(item: Item, operator: string, byMs: number, policy: LateItem['policy']): void {
    this.#made.late({ item, operator, byMs, policy });
  }

  refuseLate(item: Item, byMs: number): void {
    this.#made.refuseLate(item, byMs);
  }

  took(): void {
    this.#made.took();
  }

  filtered(): void {
    this.#made.counts.filtered += 1;
  }

  output(sink: Sink, item: Item): void {
    this.#made.output(sink, item, this);
  }

  repartition(name: string, item: Item): void {
    this.#made.repartition(name, item);
  }

  #attemptDecode(source: SourceNode, record: SourceRecord): unknown {
    const refuse = (error: unknown, attempts = 1): typeof NOTHING => {
      this.#made.deadLetter(Item.of(record), asPoison('schema', error), attempts);
      return NOTHING;
    };
    const cutOff = this.#cutOffs?.of(Item.of(record));
    if (cutOff !== undefined) return refuse(cutOff.error, cutOff.attempts);
    try {
      const value = this.#callMarked('schema', record, () => decode(source, record));
      return value instanceof Promise
        ? this.inTime(value, 'schema', Item.of(record)).catch((error: unknown) => refuse(error))
        : value;
    } catch (error) {
      return refuse(error);
    }
  }

  #callMarked<Outcome>(operator: string, record: SourceRecord, call: () => Outcome): Outcome {
    const { mark } = this;
    mark.enter(operator, record, '');
    try {
      return mark.around === null ? call() : mark.around(call);
    } finally {
      mark.leave();
    }
  }

  #enter(source: SourceNode, record: SourceRecord, value: unknown): Maybe {
    if (value === NOTHING) return;
    const partition = this.#time.partition(record.topic, record.partition);
    const mark = partition.mark;
    let time: number;
    try {
      time = this.#callMarked('eventTime', record, () => eventTimeOf(source, record, value));
    } catch (error) {
      this.#made.deadLetter(Item.of(record), error, 1);
      return;
    }
    partition.see(time, this.#options.now());
    const item = Item.of(record, value, time, mark);
    const entry = this.#graph.entries.get(source) as Operator;
    return this.guard(item, () => entry.onItem(item, null));
  }

  #processMessage(entry: Node, record: SourceRecord): Maybe {
    const message = decodeMessage(record);
    // What the tasks of another epoch sent is numbered by them, and is in no state of this one.
    if (epochIn(message.task) !== this.#epoch) return;
    const upstream = this.#time.upstream(message.task);
    if (!upstream.take(message.sequence)) return;
    if (message.mark !== null) {
      upstream.say(message.mark.watermark, message.mark.settled, message.mark.isIdle);
      return;
    }
    const { item } = message;
    const operator = this.#graph.entries.get(entry) as Operator;
    return this.guard(item, () => operator.onItem(item, null));
  }

  #after(outcome: Maybe): Maybe {
    if (outcome instanceof Promise) {
      return outcome.then(() => this.#advance());
    }
    return this.#needsTime ? this.#advance() : undefined;
  }

  /** Does what is due, if event time went on or something that is due came. */
  #advance(): Maybe {
    if (!this.#time.advance(this.#options.now()) && !this.#woken) return;
    this.#woken = false;
    this.#touched = true;
    const done = this.#reach((operator) => operator.onWatermark?.());
    return done instanceof Promise
      ? done.then(() => (this.#woken ? this.#advance() : undefined))
      : this.#woken
        ? this.#advance()
        : undefined;
  }

  /**
   * Brings event time to the operators, each when those before it are done. It stops at what is
   * under way: what is behind would find it late.
   */
  #reach(done: (operator: Operator) => Maybe): Maybe {
    const { watermark, settledUpTo } = this.#time;
    let hold: { time: number; mark: number } | null = null;
    return inOrder(this.#graph.steps, ({ operator, delay }) => {
      operator.reach(
        Math.min(watermark, hold?.time ?? Infinity) - delay.ms,
        Math.min(settledUpTo, hold?.mark ?? Infinity) - delay.settledMs,
      );
      const outcome = done(operator);
      const underWay = operator.underWay?.() ?? null;
      if (underWay !== null) {
        hold = {
          time: Math.min(underWay.time, hold?.time ?? Infinity),
          mark: Math.min(underWay.mark, hold?.mark ?? Infinity),
        };
      }
      return outcome;
    });
  }

  /** Waits for all that is under way, and does what is due then. */
  async #finishAll(): Promise<void> {
    do {
      for (const operator of this.#operators) await operator.drain?.();
      await this.#advance();
    } while (this.#woken || this.#operators.some((operator) => operator.underWay?.() != null));
  }

  /** Works when no unit is under way; at first after what the operators begin with. */
  #whenFree(work: () => Maybe): Maybe {
    const { unit } = this;
    if (unit !== null) return unit.then(() => this.#whenFree(work));
    if (this.#started) return work();
    this.#started = true;
    const begun = inOrder(this.#operators, (operator) => operator.onStart?.());
    return begun instanceof Promise ? begun.then(() => this.#whenFree(work)) : work();
  }

  #nextDueAt(): number | null {
    const first = Math.min(
      ...this.#operators.map((operator) => operator.nextTimer?.() ?? Infinity),
    );
    return first === Infinity ? null : this.#time.finishFor(first);
  }

  /** How far event time has come for the next stage. */
  #markOf(): Mark {
    return {
      watermark: this.#time.watermark - this.#graph.exitDelay.ms,
      settled: this.#time.settledUpTo - this.#graph.exitDelay.settledMs,
      isIdle: this.#time.isIdle(this.#options.now()),
    };
  }
}

const NOTHING = Symbol('no value');
