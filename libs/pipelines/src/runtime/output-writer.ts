import type { SourceRecord } from '../definition/source-record.ts';
import type { BytesProducer, KafkaPort } from './runtime-ports.ts';
import { hasKafkaError } from './kafka-errors.ts';
import { createMissingTopics } from './topic-creation.ts';

/** A record to be written, and the source record that it comes from. */
export interface OutputMessage {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: ReadonlyMap<Buffer, Buffer | null>;
  /** Milliseconds since epoch; the time of writing when absent. */
  readonly timestamp?: number;
  /** Null for a row of a result, which comes of many. */
  readonly source: SourceRecord | null;
}

/** A broker refuses a batch above `message.max.bytes` (1 MiB unless set): stay below it. */
const SEND_BYTES_MAX = 900_000;
const SEND_RECORDS_MAX = 5_000;
const RECORD_OVERHEAD_BYTES = 64;

/**
 * Writes records, to topics that it creates when they do not exist, with acks=all by an idempotent
 * producer: `write` resolves when all of them are acknowledged. One send is under way at a time,
 * which keeps the order per partition, also when the client has to send again.
 */
export class OutputWriter {
  readonly #kafka: KafkaPort;
  readonly #producer: BytesProducer;
  readonly #existing = new Set<string>();

  constructor(kafka: KafkaPort) {
    this.#kafka = kafka;
    this.#producer = kafka.producer({ idempotent: true });
  }

  /**
   * @returns the messages that the broker will never take, because they are too large for it
   * @throws the client's error when the brokers are away; some messages may have been written
   */
  async write(messages: readonly OutputMessage[]): Promise<OutputMessage[]> {
    await this.#createTopics(messages);
    const refused: OutputMessage[] = [];
    for (const part of split(messages)) {
      try {
        await this.#send(part);
      } catch (error) {
        if (!hasKafkaError(error, 'MESSAGE_TOO_LARGE')) {
          throw error;
        }
        refused.push(...(await this.#sendSingly(part)));
      }
    }
    return refused;
  }

  async close(): Promise<void> {
    await this.#kafka.release(this.#producer);
  }

  /** Before the first record of a topic only: a dead-letter topic need not exist until then. */
  async #createTopics(messages: readonly OutputMessage[]): Promise<void> {
    const topics = new Set(messages.map(({ topic }) => topic));
    const unknown = [...topics].filter((topic) => !this.#existing.has(topic));
    if (unknown.length > 0) {
      await createMissingTopics(this.#kafka, unknown);
      unknown.forEach((topic) => this.#existing.add(topic));
    }
  }

  /** Finds which record it was. Those before it may be written twice: at least once is kept. */
  async #sendSingly(messages: readonly OutputMessage[]): Promise<OutputMessage[]> {
    const refused: OutputMessage[] = [];
    for (const message of messages) {
      try {
        await this.#send([message]);
      } catch (error) {
        if (!hasKafkaError(error, 'MESSAGE_TOO_LARGE')) {
          throw error;
        }
        refused.push(message);
      }
    }
    return refused;
  }

  async #send(messages: readonly OutputMessage[]): Promise<void> {
    await this.#producer.send({
      messages: messages.map(({ topic, key, value, headers, timestamp }) => ({
        topic,
        // The client takes null as Kafka does, though its types do not say so.
        key: key as Buffer,
        value: value as Buffer,
        headers: headers as Map<Buffer, Buffer>,
        ...(timestamp === undefined ? {} : { timestamp: BigInt(Math.trunc(timestamp)) }),
      })),
    });
  }
}

function* split(messages: readonly OutputMessage[]): Generator<OutputMessage[]> {
  let part: OutputMessage[] = [];
  let partBytes = 0;
  for (const message of messages) {
    const bytes = sizeBytes(message);
    if (
      part.length > 0 &&
      (partBytes + bytes > SEND_BYTES_MAX || part.length >= SEND_RECORDS_MAX)
    ) {
      yield part;
      part = [];
      partBytes = 0;
    }
    part.push(message);
    partBytes += bytes;
  }
  if (part.length > 0) {
    yield part;
  }
}

function sizeBytes({ key, value, headers }: OutputMessage): number {
  let bytes = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, header] of headers) {
    bytes += name.length + (header?.length ?? 0);
  }
  return bytes;
}
