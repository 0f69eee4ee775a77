import { deadLetterReason } from '../task/dead-letter.ts';
import { lastOfEach, toDeadLetter, toOutput } from '../test-kit/test-outputs.ts';
import {
  type PipelineDefinition,
  sourceTopics,
  tableTopics,
} from '../topology/pipeline-definition.ts';
import type { SourceRecord } from '../topology/source-record.ts';
import type { SeededRandom } from './seeded-random.ts';
import { SimulatedLog } from './simulated-log.ts';
import { type SimulatedTask, SimulatedTasks } from './simulated-tasks.ts';

/** A pipeline with records, and what may happen to it. */
export interface Scenario {
  readonly definition: PipelineDefinition;
  readonly partitions: number;
  /** In the order of each partition. */
  readonly records: ReadonlyArray<Omit<SourceRecord, 'offset'>>;
  /** When a record's event happened, ms since epoch. */
  readonly timeOf: (record: Omit<SourceRecord, 'offset'>) => number;
  /** What the wall clock shows when the records are read, ms since epoch. */
  readonly now: number;
  /** Rows of tables come while the records are read, in place of before them. */
  readonly rowsComeLater: boolean;
  /** Partitions may be left out as idle while they still have records to come. */
  readonly idles: boolean;
}

/** What a run gave: outputs, late records and dead letters, comparable by name. */
export type Results = ReadonlyMap<string, string>;

/** How far time goes on at the end, so that everything closes. */
const FAR_MS = 400 * 24 * 3_600_000;

/** One run of a scenario: without faults, by a schedule, or as batch runs. */
export class SimulatedRun {
  readonly #scenario: Scenario;
  readonly #print: (step: string) => void;
  #crashes = 0;
  readonly #log = new SimulatedLog();
  readonly #tasks: SimulatedTasks;
  readonly #tables: SourceRecord[];
  readonly #late = new Map<string, string>();
  #now: number;

  /** @param print is told what happens, step by step */
  constructor(scenario: Scenario, print: (step: string) => void = () => {}) {
    const { definition, partitions, records, now } = scenario;
    this.#scenario = scenario;
    this.#print = print;
    this.#now = now;
    const sources = new Set(sourceTopics(definition));
    records.filter(({ topic }) => sources.has(topic)).forEach((record) => this.#log.append(record));
    const tables = new Set(tableTopics(definition));
    this.#tables = records
      .filter(({ topic }) => tables.has(topic))
      .map((record, offset) => ({ ...record, offset }));
    this.#tasks = new SimulatedTasks({
      definition,
      partitions,
      log: this.#log,
      now: () => this.#now,
      onLate: ({ operator, byMs, item }) => {
        const { topic, partition, offset } = item.origin;
        this.#late.set(
          `late ${topic}/${partition}/${offset} ${item.id} at ${operator}`,
          `by ${byMs} ms`,
        );
      },
    });
  }

  get crashes(): number {
    return this.#crashes;
  }

  /** Everything is read partition by partition in turn, and committed once. */
  async inOneGo(): Promise<Results> {
    await this.#readTables();
    await this.#finish();
    return this.#results();
  }

  async bySchedule(random: SeededRandom): Promise<Results> {
    if (!this.#scenario.rowsComeLater) await this.#readTables();
    const length = this.#scenario.records.length;
    for (let step = 0; step < length * 3; step++) await this.#step(random, () => Infinity);
    await this.#finish();
    return this.#results();
  }

  /** Runs over one window of offsets after the other, with crashes in them. */
  async asBatch(random: SeededRandom): Promise<Results> {
    if (!this.#scenario.rowsComeLater) await this.#readTables();
    const runs = random.int(1, 4);
    for (let run = 1; run <= runs; run++) {
      const ends = this.#drawEnds(random, run === runs);
      const nominal = run === runs ? this.#now + FAR_MS : this.#nominalAt(ends);
      this.#print(`run ${run} to ${JSON.stringify([...ends])}, nominal ${nominal}`);
      this.#now = Math.max(this.#now, nominal);
      if (run === runs) await this.#readTables();
      else await this.#readTableRecord();
      for (const simulated of this.#tasks.all) {
        await this.#runBatch(random, simulated, ends, nominal);
      }
    }
    return this.#results();
  }

  /** One thing happens to one task. */
  async #step(
    random: SeededRandom,
    endOf: (topic: string, partition: number) => number,
  ): Promise<void> {
    const simulated = random.pick(this.#tasks.all);
    const name = nameOf(simulated);
    switch (random.below(12)) {
      default:
        await this.#read(random, simulated, endOf);
        break;
      case 0:
      case 1:
        this.#print(`${name} commits`);
        await this.#tasks.commit(simulated);
        break;
      case 2:
      case 3:
      case 4: {
        const most = random.oneIn(3) ? random.int(1, 3) : Infinity;
        this.#print(`${name} delivers ${most}`);
        this.#tasks.deliver(simulated, most);
        break;
      }
      case 5:
        this.#crash(simulated);
        break;
      case 7:
        if (this.#scenario.rowsComeLater) await this.#readTableRecord();
        break;
      case 6:
        if (this.#scenario.idles) {
          const ms = random.int(1, 40_000);
          this.#print(`${name} waits ${ms}`);
          this.#now += ms;
          for (const { topic, partition, offset, end } of this.#tasks.partitionsOf(simulated)) {
            if (offset >= end) simulated.task.atEnd(topic, partition);
          }
          await simulated.task.advance();
        }
        break;
    }
  }

  async #read(
    random: SeededRandom,
    simulated: SimulatedTask,
    endOf: (topic: string, partition: number) => number,
  ): Promise<void> {
    const partitions = this.#tasks.partitionsOf(simulated);
    const { topic, partition, offset, end } = random.pick(partitions);
    // A record that was read before may come once more.
    const again = random.oneIn(8) ? random.int(0, 3) : 0;
    for (let at = Math.max(0, offset - again); at <= offset; at++) {
      if (at >= Math.min(end, endOf(topic, partition))) return;
      this.#print(`${nameOf(simulated)} reads ${topic}/${partition}/${at}`);
      await this.#tasks.read(simulated, topic, partition, at);
    }
  }

  /** Reads what is left, lets time go on until everything is closed, and delivers. */
  async #finish(): Promise<void> {
    this.#print('the rest in one go');
    await this.#readTables();
    await this.#untilQuiet();
    this.#now += FAR_MS;
    await this.#untilQuiet();
  }

  async #untilQuiet(): Promise<void> {
    for (let wasQuiet = false; !wasQuiet;) {
      wasQuiet = true;
      for (const simulated of this.#tasks.all) {
        if (await this.#readAll(simulated, () => Infinity)) wasQuiet = false;
        for (const { topic, partition } of simulated.task.positions) {
          simulated.task.atEnd(topic, partition);
        }
        await simulated.task.advance();
        if (simulated.task.hasUncommitted) {
          await this.#tasks.commit(simulated);
          wasQuiet = false;
        }
        this.#tasks.deliverAll(simulated);
      }
    }
  }

  /** Reads a record of each partition in turn; says whether there was any. */
  async #readAll(
    simulated: SimulatedTask,
    endOf: (topic: string, partition: number) => number,
  ): Promise<boolean> {
    let any = false;
    for (let wasRead = true; wasRead;) {
      wasRead = false;
      for (const { topic, partition, offset, end } of this.#tasks.partitionsOf(simulated)) {
        if (offset >= Math.min(end, endOf(topic, partition))) continue;
        await this.#tasks.read(simulated, topic, partition, offset);
        wasRead = true;
        any = true;
      }
    }
    return any;
  }

  async #runBatch(
    random: SeededRandom,
    simulated: SimulatedTask,
    ends: ReadonlyMap<string, number>,
    nominal: number,
  ): Promise<void> {
    const endOf = (topic: string, partition: number): number =>
      ends.get(`${topic}/${partition}`) ?? Infinity;
    while (random.below(3) > 0) {
      for (let step = 0; step < 5; step++) await this.#read(random, simulated, endOf);
      if (random.oneIn(2)) await this.#tasks.commit(simulated);
      if (random.oneIn(2)) this.#tasks.deliver(simulated, random.int(1, 5));
      if (random.oneIn(3)) this.#crash(simulated);
    }
    await this.#readAll(simulated, endOf);
    await simulated.task.finish(nominal);
    await this.#tasks.commit(simulated);
    if (random.oneIn(4)) this.#crash(simulated);
    await this.#readAll(simulated, endOf);
    await simulated.task.finish(nominal);
    await this.#tasks.commit(simulated);
    this.#tasks.deliverAll(simulated);
  }

  async #readTables(): Promise<void> {
    while (this.#tables.length > 0) await this.#readTableRecord();
  }

  async #readTableRecord(): Promise<void> {
    const record = this.#tables.shift();
    if (record === undefined) return;
    this.#print(`a row of ${record.topic} comes`);
    await this.#tasks.takeTableRecord(record);
  }

  #drawEnds(random: SeededRandom, isLast: boolean): Map<string, number> {
    const ends = new Map<string, number>();
    for (const { topic, partition, offset, end } of this.#sourcePartitions()) {
      ends.set(`${topic}/${partition}`, isLast ? end : random.int(offset, end));
    }
    return ends;
  }

  /** A run's nominal time: no record that comes after it happened before, but within lateness. */
  #nominalAt(ends: ReadonlyMap<string, number>): number {
    let least = this.#now;
    for (const { topic, partition, end } of this.#sourcePartitions()) {
      for (let at = ends.get(`${topic}/${partition}`) ?? end; at < end; at++) {
        const record = this.#log.read(topic, partition, at);
        if (record !== undefined) least = Math.min(least, this.#scenario.timeOf(record));
      }
    }
    return least + latenessOf(this.#scenario.definition);
  }

  #sourcePartitions(): ReturnType<SimulatedTasks['partitionsOf']> {
    const sources = new Set(sourceTopics(this.#scenario.definition));
    return this.#tasks.all
      .flatMap((simulated) => this.#tasks.partitionsOf(simulated))
      .filter(({ topic }) => sources.has(topic));
  }

  #results(): Results {
    const results = new Map<string, string>(this.#late);
    const outputs = this.#tasks.outputs.flatMap(toOutput);
    for (const { topic, id, key, value } of lastOfEach(outputs)) {
      results.set(`output ${topic} ${id}`, `${key ?? 'no key'}: ${JSON.stringify(value)}`);
    }
    for (const output of this.#tasks.outputs) {
      if (output.kind === 'row') continue;
      for (const { headers } of toDeadLetter(output)) {
        const [topic, partition, offset, stage] = ['topic', 'partition', 'offset', 'stage'].map(
          (name) => headers[`penstock.errors.${name}`],
        );
        const name = `dead letter ${topic}/${partition}/${offset} of ${stage}`;
        results.set(name, deadLetterReason(output));
      }
    }
    return results;
  }

  #crash(simulated: SimulatedTask): void {
    this.#print(`${nameOf(simulated)} crashes`);
    this.#crashes += 1;
    this.#tasks.crash(simulated);
  }
}

function nameOf({ stage, number }: SimulatedTask): string {
  return `task ${stage.index}/${number}`;
}

function latenessOf({ nodes }: PipelineDefinition): number {
  const all = nodes.flatMap((node) => (node.kind === 'source' ? [node.latenessMs] : []));
  return Math.min(...all);
}
