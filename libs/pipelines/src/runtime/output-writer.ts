import type { OutputRecord } from '../task/task-output.ts';
import type { SourceRecord } from '../topology/source-record.ts';
import type { BytesProducer, KafkaPort } from './runtime-ports.ts';
import { hasKafkaError } from './kafka-errors.ts';
import { readRecord } from './record-lookup.ts';
import { createMissingOutputs, readSizeLimits } from './topic-creation.ts';

/** An output that its topic does not take, because it is too large. */
export interface Refused {
  readonly message: OutputRecord;
  /** Where it is in what was given to `write`. */
  readonly index: number;
  /** What it takes in a record batch of its own, in bytes. */
  readonly bytes: number;
  /** What its topic takes; null where the cluster does not tell. */
  readonly limitBytes: number | null;
}

/** Bytes of one request; fewer for a topic with a lower limit. */
const SEND_BYTES_MAX = 900_000;
const SEND_RECORDS_MAX = 5_000;
/** Upper bounds of what a record adds to its bytes, and a record batch to its records. */
const RECORD_OVERHEAD_BYTES = 64;
const HEADER_OVERHEAD_BYTES = 10;
const BATCH_OVERHEAD_BYTES = 61;
/** A record batch may be larger than its topic takes, or than a segment holds. */
const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'];

/**
 * Writes records with acks=all by an idempotent producer, to topics that it creates when they do
 * not exist: `write` resolves when all of them are acknowledged. One send is under way at a time,
 * which keeps the order per partition, also when the client has to send again.
 */
export class OutputWriter {
  readonly #kafka: KafkaPort;
  readonly #sources: readonly string[];
  readonly #producer: BytesProducer;
  readonly #existing = new Set<string>();
  readonly #limits = new Map<string, number>();

  /** @param sources topics the records come from; a new topic takes records as large as they do */
  constructor(kafka: KafkaPort, sources: readonly string[]) {
    this.#kafka = kafka;
    this.#sources = sources;
    this.#producer = kafka.producer({ idempotent: true });
  }

  /**
   * Writes up to the first message that its topic will never take; the caller has to pass the
   * messages after it again.
   * @returns that message; null when all are acknowledged
   * @throws the client's error when the brokers are away; some messages may have been written
   */
  async write(messages: readonly OutputRecord[]): Promise<Refused | null> {
    await this.#prepareTopics(messages);
    let index = 0;
    for (const part of this.#split(messages)) {
      const refused = await this.#sendPart(part, index);
      if (refused !== null) {
        return refused;
      }
      index += part.length;
    }
    return null;
  }

  /** The record that an output comes from, read again; null when the log has it no more. */
  source(position: NonNullable<OutputRecord['source']>): Promise<SourceRecord | null> {
    return readRecord(this.#kafka, position);
  }

  async close(): Promise<void> {
    await this.#kafka.release(this.#producer);
  }

  /** Runs before a topic's first record only: a dead-letter topic need not exist until then. */
  async #prepareTopics(messages: readonly OutputRecord[]): Promise<void> {
    const topics = new Set(messages.map(({ topic }) => topic));
    const unknown = [...topics].filter((topic) => !this.#existing.has(topic));
    if (unknown.length > 0) {
      await createMissingOutputs(this.#kafka, unknown, this.#sources);
      for (const [topic, bytes] of await readSizeLimits(this.#kafka, unknown)) {
        this.#limits.set(topic, bytes);
      }
      unknown.forEach((topic) => this.#existing.add(topic));
    }
  }

  /** Sends records together; if they are refused, one by one up to the one at fault. */
  async #sendPart(part: readonly OutputRecord[], from: number): Promise<Refused | null> {
    if (await this.#isTaken(part)) {
      return null;
    }
    for (const [index, message] of part.entries()) {
      // Some records that are too large fit when compressed, as their source may have been. Those
      // before the refused one may be written twice, which at-least-once allows.
      const taken = part.length > 1 && (await this.#isTaken([message]));
      if (!taken && !(await this.#isTaken([message], 'gzip'))) {
        return {
          message,
          index: from + index,
          bytes: BATCH_OVERHEAD_BYTES + sizeBytes(message),
          limitBytes: this.#limits.get(message.topic) ?? null,
        };
      }
    }
    return null;
  }

  async #isTaken(
    messages: readonly OutputRecord[],
    compression: 'none' | 'gzip' = 'none',
  ): Promise<boolean> {
    try {
      await this.#send(messages, compression);
      return true;
    } catch (error) {
      if (!TOO_LARGE.some((name) => hasKafkaError(error, name))) {
        throw error;
      }
      return false;
    }
  }

  async #send(messages: readonly OutputRecord[], compression: 'none' | 'gzip'): Promise<void> {
    await this.#producer.send({
      compression,
      messages: messages.map(({ topic, partition, key, value, headers, timestamp }) => ({
        topic,
        // The client takes null as Kafka does, though its types do not say so.
        key: key as Buffer,
        value: value as Buffer,
        headers: new Map(headers) as Map<Buffer, Buffer>,
        ...(partition === null ? {} : { partition }),
        ...(timestamp === undefined ? {} : { timestamp: BigInt(Math.trunc(timestamp)) }),
      })),
    });
  }

  /** A message that is larger than the limit becomes a part of its own. */
  *#split(messages: readonly OutputRecord[]): Generator<OutputRecord[]> {
    let part: OutputRecord[] = [];
    let partBytes = BATCH_OVERHEAD_BYTES;
    let bytesMax = SEND_BYTES_MAX;
    for (const message of messages) {
      const bytes = sizeBytes(message);
      bytesMax = Math.min(bytesMax, this.#limits.get(message.topic) ?? SEND_BYTES_MAX);
      if (part.length > 0 && (partBytes + bytes > bytesMax || part.length >= SEND_RECORDS_MAX)) {
        yield part;
        part = [];
        partBytes = BATCH_OVERHEAD_BYTES;
        bytesMax = Math.min(SEND_BYTES_MAX, this.#limits.get(message.topic) ?? SEND_BYTES_MAX);
      }
      part.push(message);
      partBytes += bytes;
    }
    if (part.length > 0) {
      yield part;
    }
  }
}

function sizeBytes({ key, value, headers }: OutputRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, header] of headers) {
    bytes += HEADER_OVERHEAD_BYTES + name.length + (header?.length ?? 0);
  }
  return bytes;
}
