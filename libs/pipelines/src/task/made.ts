import { callMarked } from '../operators/apply.ts';
import type { Item } from '../operators/item.ts';
import { PoisonRecord, type TaskPort } from '../operators/operator.ts';
import type { RepartitionNode, Sink } from '../topology/nodes.ts';
import type { PipelineDefinition } from '../topology/pipeline-definition.ts';
import type { SourceRecord } from '../topology/source-record.ts';
import { repartitionTopic, type Stage } from '../topology/stages.ts';
import { recordOf, toDeadLetter, toLateLetter } from './dead-letter.ts';
import { encodeItem, encodeMark, type Mark } from './repartition-message.ts';
import type { TaskCounts, TaskOptions } from './task-options.ts';
import { type TaskOutput, toOutput } from './task-output.ts';

/** Where `Made` stood when a unit of work began. */
export interface MadeSoFar {
  readonly outputs: number;
  readonly sequence: number;
  readonly counts: TaskCounts;
}

/** An item that came too late for an operator. */
export interface LateItem {
  readonly item: Item;
  readonly operator: string;
  readonly byMs: number;
  readonly policy: 'drop' | 'deadLetter' | 'apply';
}

/** What a task has made since its last commit, and what it has counted since it began. */
export class Made {
  readonly counts: TaskCounts = {
    consumed: 0,
    produced: 0,
    deadLettered: 0,
    filtered: 0,
    late: 0,
  };
  readonly #options: TaskOptions;
  readonly #definition: PipelineDefinition;
  readonly #stage: Stage;
  readonly #task: string;
  #outputs: TaskOutput[] = [];
  #exitSequence: number;
  #markSaid = '';
  /** Too late for an operator, within the unit that is under way. */
  #late: LateItem[] = [];
  #taken = false;

  /**
   * @param task name of the task in its messages to the next stage
   * @param exitSequence number of the last of them
   */
  constructor(options: TaskOptions, task: string, exitSequence: number) {
    this.#options = options;
    this.#definition = options.definition;
    this.#stage = options.stage;
    this.#task = task;
    this.#exitSequence = exitSequence;
  }

  get exitSequence(): number {
    return this.#exitSequence;
  }

  /** How many outputs wait for the next commit. */
  get waiting(): number {
    return this.#outputs.length;
  }

  /** The outputs for a commit. */
  take(): TaskOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /** A unit of work begins. */
  begin(): MadeSoFar {
    this.#late = [];
    this.#taken = false;
    return {
      outputs: this.#outputs.length,
      sequence: this.#exitSequence,
      counts: { ...this.counts },
    };
  }

  /** The unit counts. A record that no operator took goes to the late topic, once. */
  end(): void {
    for (const { item, operator, byMs } of this.#late) {
      this.#options.onLate?.({ operator, byMs, item });
    }
    const late = this.#late.find(({ policy }) => policy === 'deadLetter');
    this.#late = [];
    if (this.#taken || late === undefined) return;
    const { lateTopic, name } = this.#definition;
    this.#outputs.push(toLateLetter(lateTopic, name, late.item, late.byMs));
  }

  undo({ outputs, sequence, counts }: MadeSoFar): void {
    this.#outputs.length = outputs;
    this.#exitSequence = sequence;
    Object.assign(this.counts, counts);
  }

  late(late: LateItem): void {
    this.counts.late += 1;
    this.#late.push(late);
    if (late.policy === 'apply') this.#taken = true;
  }

  took(): void {
    this.#taken = true;
  }

  /** The one that took a late item gives it back. */
  refuseLate(item: Item, byMs: number): void {
    const { lateTopic, name } = this.#definition;
    this.#outputs.push(toLateLetter(lateTopic, name, item, byMs));
  }

  output(sink: Sink, item: Item, task: TaskPort): void {
    let { id } = item;
    if (sink.kind === 'topic' && sink.id !== null) {
      const { id: idOf } = sink;
      id = callMarked(task, 'output', item, () => idOf(item.value, task.contextOf(item)));
    }
    const run = this.#options.run?.id ?? null;
    this.#outputs.push(toOutput(sink, item, { pipeline: this.#definition.name, id, run }));
    this.counts.produced += 1;
  }

  repartition(name: string, item: Item): void {
    this.#exitSequence += 1;
    const topic = repartitionTopic(this.#definition.name, { name } as RepartitionNode);
    this.#outputs.push(encodeItem(topic, this.#task, this.#exitSequence, item));
  }

  deadLetter(item: Item, error: unknown, attempt: number): void {
    const poison = error instanceof PoisonRecord ? error : new PoisonRecord('output', error);
    const letter = this.leaveOut(recordOf(item), poison, attempt);
    this.#options.onDeadLetter?.(poison, letter.source);
  }

  /** A dead letter that nobody is told of. */
  leaveOut(record: SourceRecord, error: PoisonRecord, attempt: number) {
    const { name: pipeline, deadLetterTopic: topic } = this.#definition;
    const letter = toDeadLetter({ topic, pipeline, record, error, attempt });
    this.#outputs.push(letter);
    this.counts.deadLettered += 1;
    return letter;
  }

  /** Whether the next stage knows less of event time than `mark` says. */
  isNews(mark: Mark): boolean {
    return this.#stage.exits.length > 0 && wordsOf(mark) !== this.#markSaid;
  }

  /** Tells the next stage how far event time has come, when that changed. */
  sayMark(mark: Mark): void {
    if (!this.isNews(mark)) return;
    this.#markSaid = wordsOf(mark);
    this.#exitSequence += 1;
    for (const exit of this.#stage.exits) {
      const topic = repartitionTopic(this.#definition.name, exit);
      for (let partition = 0; partition < this.#options.partitionsOf(topic); partition++) {
        this.#outputs.push(encodeMark(topic, partition, this.#task, this.#exitSequence, mark));
      }
    }
  }
}

function wordsOf({ watermark, settled, isIdle }: Mark): string {
  return `${watermark} ${settled} ${isIdle}`;
}
