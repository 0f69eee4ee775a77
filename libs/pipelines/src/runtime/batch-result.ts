import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PipelineDefinition } from '../definition/pipeline-definition.ts';
import { sinkTopics } from '../definition/pipeline-definition.ts';
import { parseAccumulators, type ResultRow, resultRows } from '../execution/aggregate.ts';
import { toCsv } from '../execution/csv.ts';
import { encode } from './chunk-processor.ts';
import { deliver } from './output-delivery.ts';
import { OutputWriter } from './output-writer.ts';
import type { KafkaPort } from './runtime-ports.ts';

export interface BatchResultOptions {
  readonly definition: PipelineDefinition;
  readonly kafka: KafkaPort;
  readonly runId: string;
  /** The last accumulator of each step, one per partition. */
  readonly accumulators: readonly string[];
  /** Folder for the result file; made when it does not exist. */
  readonly folder: string;
}

export interface BatchResult {
  readonly rows: number;
  /** Name of the file in the folder; null without a file sink. */
  readonly file: string | null;
  readonly topic: string | null;
}

/**
 * Joins what the steps made and writes the result. The file is on the disk before the first row
 * goes to a topic, and gets its name after the last one is acknowledged: a full disk or a refusal
 * leaves no half of a result. A second call writes the same: the file is replaced as a whole, and
 * the rows of a topic have the same keys in the same order.
 */
export async function writeBatchResult(options: BatchResultOptions): Promise<BatchResult> {
  const { definition, accumulators } = options;
  const topic = sinkTopics(definition)[0] ?? null;
  if (definition.aggregation === null) {
    // The steps wrote the records themselves; their accumulators are the numbers of records.
    const rows = accumulators.reduce((sum, written) => sum + Number(written), 0);
    return { rows, file: null, topic };
  }
  const rows = resultRows(definition.aggregation, accumulators.map(parseAccumulators));
  const csv = definition.sinks.find((sink) => sink.kind === 'csv') ?? null;
  const writeTopic = async (): Promise<void> => {
    if (topic !== null) {
      await writeRows(options, topic, rows);
    }
  };
  if (csv === null) {
    await writeTopic();
  } else {
    const text = toCsv(
      csv.columns,
      rows.map(({ row }) => row),
    );
    await replaceFile(options.folder, csv.fileName, text, writeTopic);
  }
  return { rows: rows.length, file: csv?.fileName ?? null, topic };
}

async function writeRows(
  { kafka, runId, definition }: BatchResultOptions,
  topic: string,
  rows: readonly ResultRow[],
): Promise<void> {
  const headers = new Map([[Buffer.from('penstock.run'), Buffer.from(runId)]]);
  const writer = new OutputWriter(kafka, definition.source.topics);
  try {
    await deliver(
      definition,
      writer,
      rows.map(({ key, row }) => ({
        topic,
        key: Buffer.from(key),
        value: encode(row),
        headers,
        source: null,
      })),
    );
  } finally {
    await writer.close();
  }
}

/**
 * The file exists as a whole or not at all, even after a power cut.
 *
 * @param beforeItCounts done when the bytes are on the disk and before the file has its name; when
 *   it rejects, nothing is left of the file
 */
async function replaceFile(
  folder: string,
  name: string,
  text: string,
  beforeItCounts: () => Promise<void>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${name}.${process.pid}.tmp`);
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await beforeItCounts();
    await rename(temporary, join(folder, name));
  } catch (error) {
    // The reason is the error; that its remains cannot be removed would hide it.
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}
