import { PoisonRecord } from '../operators/operator.ts';
import { toDeadLetter } from '../task/dead-letter.ts';
import type { OutputRecord } from '../task/task-output.ts';
import type { PipelineDefinition } from '../topology/pipeline-definition.ts';
import type { SourceRecord } from '../topology/source-record.ts';
import type { OutputWriter, Refused } from './output-writer.ts';

/** An output that no topic takes; the outputs before it are written. */
export class UndeliverableRecord extends Error {
  override readonly name = 'UndeliverableRecord';
  /** Where the output is in what was to be delivered. */
  readonly index: number;

  constructor(message: string, index: number) {
    super(message);
    this.index = index;
  }
}

export interface Delivery {
  /** Outputs that their topic does not take. */
  readonly refused: number;
  /** The dead letters of source records whose output is not taken; they are written. */
  readonly letters: readonly OutputRecord[];
}

/**
 * Writes the outputs of a pipeline in order. When an output is too large for its topic, its source
 * record goes to the dead-letter topic instead.
 *
 * @throws UndeliverableRecord when the dead-letter topic does not take that record either, or the
 *   output comes of more records than one. It is not dropped, and nothing after it is written, so
 *   that trying again from there repeats nothing.
 */
export async function deliver(
  definition: Pick<PipelineDefinition, 'name' | 'deadLetterTopic'>,
  writer: OutputWriter,
  outputs: readonly OutputRecord[],
): Promise<Delivery> {
  const letters = new Map<string, OutputRecord>();
  let refusals = 0;
  let done = 0;
  for (;;) {
    const refused = await writer.write(done === 0 ? outputs : outputs.slice(done));
    if (refused === null) {
      return { refused: refusals, letters: [...letters.values()] };
    }
    const at = done + refused.index;
    const { source, purpose } = refused.message;
    if (source === null || purpose !== 'sink') {
      throw undeliverable(refused, at);
    }
    const name = `${source.topic}/${source.partition}/${source.offset}`;
    if (!letters.has(name)) {
      const letter = letterOf(definition, refused, await writer.source(source));
      const refusedLetter = await writer.write([letter]);
      if (refusedLetter !== null) {
        throw undeliverable(refusedLetter, at);
      }
      letters.set(name, letter);
    }
    refusals += 1;
    done = at + 1;
  }
}

/** The dead letter of an output's source record; of its position alone when that is gone. */
function letterOf(
  { name: pipeline, deadLetterTopic: topic }: Pick<PipelineDefinition, 'name' | 'deadLetterTopic'>,
  { message, bytes }: Refused,
  found: SourceRecord | null,
): OutputRecord {
  const words = `its output of ${bytes} bytes is larger than ${message.topic} takes`;
  const lost = found === null ? '; the record itself is gone from the log' : '';
  const error = new PoisonRecord('output', new RangeError(words + lost));
  const position = message.source ?? { topic: pipeline, partition: 0, offset: -1 };
  const record = found ?? {
    ...position,
    timestamp: Date.now(),
    key: null,
    value: null,
    headers: [],
  };
  return toDeadLetter({ topic, pipeline, record, error, attempt: 1 });
}

function undeliverable({ message, bytes, limitBytes }: Refused, at: number): UndeliverableRecord {
  const { topic, source } = message;
  const what =
    source === null
      ? 'a row of the result'
      : `the record ${source.topic}/${source.partition} at offset ${source.offset}`;
  const limit = limitBytes === null ? '' : ` (${limitBytes} bytes)`;
  return new UndeliverableRecord(
    `${topic} does not take ${what}: it has ${bytes} bytes there, more than the topic's max.message.bytes${limit}. ` +
      `Raise max.message.bytes of the topic ${topic} to at least ${bytes}: the next try goes on from there`,
    at,
  );
}
