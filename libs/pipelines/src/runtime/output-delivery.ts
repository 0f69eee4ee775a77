import type { PipelineDefinition } from '../definition/pipeline-definition.ts';
import type { SourceRecord } from '../definition/source-record.ts';
import { PoisonRecord } from '../execution/record-processing.ts';
import { toDeadLetter } from './dead-letter.ts';
import { type OutputMessage, OutputWriter, type Refused } from './output-writer.ts';

/** A record of a poll that no topic takes; the records before it are written. */
export class UndeliverableRecord extends Error {
  override readonly name = 'UndeliverableRecord';
  /** The source record that cannot be delivered; null for a row of a result. */
  readonly source: SourceRecord | null;

  constructor(message: string, source: SourceRecord | null) {
    super(message);
    this.source = source;
  }
}

export interface Delivery {
  /** Outputs that their topic does not take. */
  readonly refused: number;
  /** The dead letters of source records whose output is not taken; they are written. */
  readonly letters: readonly OutputMessage[];
}

/**
 * Writes the outputs of a pipeline in order. When an output is too large for its topic, its source
 * record goes to the dead-letter topic instead.
 *
 * @throws UndeliverableRecord when the dead-letter topic does not take that record either. It is
 *   not dropped, and nothing after it is written, so that trying again does not repeat it.
 */
export async function deliver(
  definition: PipelineDefinition,
  writer: OutputWriter,
  messages: readonly OutputMessage[],
): Promise<Delivery> {
  const { name: pipeline, deadLetterTopic: topic } = definition;
  const letters = new Map<SourceRecord, OutputMessage>();
  let refusals = 0;
  let rest = messages;
  for (;;) {
    const refused = await writer.write(rest);
    if (refused === null) {
      return { refused: refusals, letters: [...letters.values()] };
    }
    const { source } = refused.message;
    if (source === null || refused.message.topic === topic) {
      throw undeliverable(refused, source);
    }
    if (!letters.has(source)) {
      const words = `its output of ${refused.bytes} bytes is larger than ${refused.message.topic} takes`;
      const error = new PoisonRecord('output', new RangeError(words));
      const letter = toDeadLetter({ topic, pipeline, record: source, error, attempt: 1 });
      letters.set(source, letter);
      const refusedLetter = await writer.write([letter]);
      if (refusedLetter !== null) {
        throw undeliverable(refusedLetter, source);
      }
    }
    refusals += 1;
    rest = rest.slice(refused.index + 1);
  }
}

function undeliverable(refused: Refused, source: SourceRecord | null): UndeliverableRecord {
  const { topic } = refused.message;
  const what =
    source === null
      ? 'a row of the result'
      : `the record ${source.topic}/${source.partition} at offset ${source.offset}`;
  const limit = refused.limitBytes === null ? '' : ` (${refused.limitBytes} bytes)`;
  const { bytes } = refused;
  return new UndeliverableRecord(
    `${topic} does not take ${what}: it has ${bytes} bytes there, more than the topic's max.message.bytes${limit}. ` +
      `Raise max.message.bytes of the topic ${topic} to at least ${bytes}: the next try goes on from there`,
    source,
  );
}
