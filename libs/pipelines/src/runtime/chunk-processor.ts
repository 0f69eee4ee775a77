import { RetryLater } from '../definition/definition-error.ts';
import type { PipelineDefinition } from '../definition/pipeline-definition.ts';
import { sinkTopics } from '../definition/pipeline-definition.ts';
import type { SourceRecord } from '../definition/source-record.ts';
import { type Emission, PoisonRecord, processRecord } from '../execution/record-processing.ts';
import { toDeadLetter } from './dead-letter.ts';
import type { OutputMessage } from './output-writer.ts';

/** What the records of one poll became. */
export interface ChunkOutcome {
  /** Records for the sink and the dead-letter topic, in the order of their sources. */
  readonly messages: OutputMessage[];
  readonly produced: number;
  readonly deadLettered: number;
}

/** After this many records the event loop gets a turn: heartbeats must not wait for a chunk. */
const TURN_RECORDS = 1_000;

/**
 * Takes the records of a poll through the operators. A record that fails after its tries becomes a
 * dead letter and the next one follows. Rejects with RetryLater only, when an operator asked for
 * it.
 *
 * @param collect takes an emission instead of the sink topics (an aggregate); may throw
 *   PoisonRecord
 */
export async function processChunk(
  definition: PipelineDefinition,
  records: readonly SourceRecord[],
  collect: ((emission: Emission) => void) | null,
): Promise<ChunkOutcome> {
  const topics = collect === null ? sinkTopics(definition) : [];
  const messages: OutputMessage[] = [];
  let produced = 0;
  let deadLettered = 0;
  for (let index = 0; index < records.length; index++) {
    const record = records[index] as SourceRecord;
    if (index % TURN_RECORDS === TURN_RECORDS - 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    try {
      const outcome = processRecord(definition, record, 1);
      const emissions = outcome instanceof Promise ? await outcome : outcome;
      produced += emit(emissions, record, topics, collect, messages);
    } catch (error) {
      const result = await retry(definition, record, error, topics, collect, messages);
      produced += result.produced;
      deadLettered += result.deadLettered;
    }
  }
  return { messages, produced, deadLettered };
}

/** Tries a failed record again; makes its dead letter when these tries fail too. */
async function retry(
  definition: PipelineDefinition,
  record: SourceRecord,
  first: unknown,
  topics: readonly string[],
  collect: ((emission: Emission) => void) | null,
  messages: OutputMessage[],
): Promise<{ produced: number; deadLettered: number }> {
  const { attempts, backoffMs } = definition.retry;
  let error = first;
  for (let attempt = 2; ; attempt++) {
    if (error instanceof RetryLater) {
      throw error;
    }
    const poison = error instanceof PoisonRecord ? error : new PoisonRecord('output', error);
    // Bytes that cannot be decoded, or do not fit the schema, fail the next try in the same way.
    const hopeless = poison.stage === 'decode' || poison.stage === 'schema';
    if (hopeless || attempt > attempts) {
      const { name: pipeline, deadLetterTopic: topic } = definition;
      const tries = attempt - 1;
      messages.push(toDeadLetter({ topic, pipeline, record, error: poison, attempt: tries }));
      return { produced: 0, deadLettered: 1 };
    }
    await new Promise((resolve) => setTimeout(resolve, backoffMs * 2 ** (attempt - 2)));
    try {
      const emissions = await processRecord(definition, record, attempt);
      return { produced: emit(emissions, record, topics, collect, messages), deadLettered: 0 };
    } catch (next) {
      error = next;
    }
  }
}

/** All outputs of a record are made before the first is kept, so that it is kept as a whole. */
function emit(
  emissions: readonly Emission[],
  record: SourceRecord,
  topics: readonly string[],
  collect: ((emission: Emission) => void) | null,
  messages: OutputMessage[],
): number {
  if (emissions.length === 0) {
    return 0;
  }
  if (collect !== null) {
    emissions.forEach(collect);
    return emissions.length;
  }
  const made = emissions.flatMap((emission) =>
    topics.map((topic) => toMessage(topic, emission, record)),
  );
  messages.push(...made);
  return made.length;
}

/** The output keeps the source's time and headers, and its bytes where no operator changed them. */
function toMessage(topic: string, emission: Emission, record: SourceRecord): OutputMessage {
  const { key } = emission;
  return {
    topic,
    key: key === undefined ? record.key : key === null ? null : Buffer.from(key),
    value: emission.changed ? encode(emission.value) : record.value,
    headers: new Map(record.headers),
    timestamp: record.timestamp,
    source: record,
  };
}

/** Bytes stay bytes; null is a tombstone; anything else, text included, is written as JSON. */
export function encode(value: unknown): Buffer | null {
  if (value === null || Buffer.isBuffer(value)) {
    return value;
  }
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) {
    throw new TypeError(`a value of type ${typeof value} cannot be written as JSON`);
  }
  return Buffer.from(text);
}
