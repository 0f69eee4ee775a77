import { decode, eventTimeOf } from '../task/record-decoding.ts';
import type { TestRecord } from '../test-kit/test-log.ts';
import type { SourceNode } from '../topology/nodes.ts';
import {
  type PipelineDefinition,
  sourceTopics,
  tableTopics,
} from '../topology/pipeline-definition.ts';
import type { SourceRecord } from '../topology/source-record.ts';
import { SeededRandom } from './seeded-random.ts';
import { onLog } from './simulated-log.ts';
import type { Scenario } from './simulated-run.ts';

export interface SimulationInput {
  readonly definition: PipelineDefinition;
  /** In the order in which they were written. */
  readonly records: readonly TestRecord[];
}

type LogRecord = Omit<SourceRecord, 'offset'>;

/**
 * Records of a user as a scenario. What the records leave open is drawn from the seed: how many
 * partitions there are, which of them holds which key, and, within the lateness of the source, how
 * far the records of a partition are out of order. The first seed takes them as they are, in one
 * partition.
 */
export function scenarioOf({ definition, records }: SimulationInput, seed: number): Scenario {
  const random = new SeededRandom(seed);
  const given = Math.max(0, ...records.map(({ partition = 0 }) => partition)) + 1;
  const partitions = seed === 1 ? given : Math.max(given, random.int(1, 3));
  const tables = new Set(tableTopics(definition));
  const timeOf = timesOf(definition);
  const placed = records.map((record) => place(record, definition, partitions, random));
  const rows = placed.filter(({ topic }) => tables.has(topic));
  const others = placed.filter(({ topic }) => !tables.has(topic));
  const written = seed === 1 ? others : outOfOrder(others, definition, timeOf, random);
  return {
    definition,
    partitions,
    records: [...rows, ...written],
    timeOf,
    now: others.reduce((newest, record) => Math.max(newest, timeOf(record)), 0),
    idles: false,
    rowsComeLater: false,
  };
}

/**
 * Records from a text with a JSON object on each line: `{"value": …, "key": …, "timestamp": …,
 * "topic": …, "partition": …, "headers": {…}}`, of which only `value` is needed.
 *
 * @throws SyntaxError that names the line
 */
export function readRecords(text: string): TestRecord[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const record = parseLine(line, index + 1);
    const unknown = Object.keys(record).find((name) => !FIELDS.includes(name));
    if (unknown !== undefined || !('value' in record)) {
      const what = unknown === undefined ? 'has no "value"' : `has a field "${unknown}"`;
      throw new SyntaxError(`line ${index + 1} ${what}: a record has ${FIELDS.join(', ')}`);
    }
    return [record as unknown as TestRecord];
  });
}

const FIELDS = ['value', 'key', 'timestamp', 'topic', 'partition', 'headers'];

function parseLine(line: string, number: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new SyntaxError(`line ${number} is no JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SyntaxError(`line ${number} is no JSON object`);
  }
  return value as Record<string, unknown>;
}

/** Equal keys lie in one partition, as a Kafka producer would put them; others lie anywhere. */
function place(
  record: TestRecord,
  definition: PipelineDefinition,
  partitions: number,
  random: SeededRandom,
): LogRecord {
  const topics = [...sourceTopics(definition), ...tableTopics(definition)];
  const topic = record.topic ?? (topics.length === 1 ? topics[0] : undefined);
  if (topic === undefined || !topics.includes(topic)) {
    const what =
      topic === undefined ? 'A record names no topic' : `A record names the topic ${topic}`;
    throw new RangeError(`${what}; ${definition.name} reads ${topics.join(', ')}`);
  }
  const partition = record.partition ?? partitionOf(record.key ?? null, partitions, random);
  return onLog({ ...record, topic, partition });
}

function partitionOf(key: string | null, partitions: number, random: SeededRandom): number {
  return key === null
    ? random.below(partitions)
    : Array.from(key).reduce(
        (hash, letter) => (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0,
        7,
      ) % partitions;
}

/** Moves records behind others of their partition, by less than the lateness of their source. */
function outOfOrder(
  records: readonly LogRecord[],
  { nodes }: PipelineDefinition,
  timeOf: (record: LogRecord) => number,
  random: SeededRandom,
): LogRecord[] {
  const newest = new Map<string, number>();
  return records
    .map((record) => {
      const name = `${record.topic}/${record.partition}`;
      const clock = Math.max(newest.get(name) ?? -Infinity, timeOf(record));
      newest.set(name, clock);
      const source = nodes.find((node) => isSourceOf(node, record.topic)) as SourceNode;
      return { record, written: clock + random.below(source.latenessMs + 1) };
    })
    .sort((one, other) => one.written - other.written)
    .map(({ record }) => record);
}

function timesOf(definition: PipelineDefinition): (record: LogRecord) => number {
  const known = new Map<unknown, number>();
  return (record) => {
    const name = record.value ?? record;
    const time = known.get(name) ?? timeIn(definition, record);
    known.set(name, time);
    return time;
  };
}

/** When a record's event happened; its own time where that cannot be told. */
function timeIn({ nodes }: PipelineDefinition, record: LogRecord): number {
  const source = nodes.find((node): node is SourceNode => isSourceOf(node, record.topic));
  if (source === undefined) return record.timestamp;
  const whole = { ...record, offset: 0 };
  try {
    const value = decode(source, whole);
    return value instanceof Promise ? record.timestamp : eventTimeOf(source, whole, value);
  } catch {
    return record.timestamp;
  }
}

function isSourceOf(node: PipelineDefinition['nodes'][number], topic: string): boolean {
  return node.kind === 'source' && node.topics.includes(topic);
}
