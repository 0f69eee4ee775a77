import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PoisonRecord } from '../operators/operator.ts';
import { deadLetterReason, toDeadLetter } from '../task/dead-letter.ts';
import type { PipelineDefinition } from '../topology/pipeline-definition.ts';
import type { SourceRecord } from '../topology/source-record.ts';
import { deliver } from './output-delivery.ts';
import type { OutputWriter } from './output-writer.ts';
import { keyOf } from './partition-reader.ts';

/** A record of a table that is no row of it. */
export interface RefusedRow {
  readonly record: SourceRecord;
  readonly error: PoisonRecord;
}

/** The last refused row of a partition that was delivered. */
interface Delivered {
  readonly offset: number;
  readonly timestamp: number;
}

/**
 * Where it stands how far the refused rows of a pipeline were delivered: one file for all modes.
 *
 * @param stateFolder folder of the states of all pipelines
 */
export function refusedRowsFile(stateFolder: string, pipeline: string): string {
  return join(stateFolder, pipeline, 'refused-rows.json');
}

/** By topic and partition. */
type DeliveredUpTo = Record<string, Delivered>;

/**
 * Brings the refused rows of a pipeline's tables to its dead-letter topic.
 *
 * Tables are read from their start by every worker, at every start and every batch run. So one
 * worker delivers at a time, whoever has the first task, and a file says up to where that was done.
 * Killed before it is written, the next one delivers the same rows again.
 */
export class RefusedRows {
  readonly #definition: PipelineDefinition;
  readonly #writer: OutputWriter;
  readonly #file: string;

  /** @param file see {@link refusedRowsFile} */
  constructor(definition: PipelineDefinition, writer: OutputWriter, file: string) {
    this.#definition = definition;
    this.#writer = writer;
    this.#file = file;
  }

  /** Delivers what was not; returns the reasons. */
  async deliver(refused: readonly RefusedRow[]): Promise<string[]> {
    if (refused.length === 0) return [];
    const upTo = await this.#read();
    const rows = refused.filter(({ record }) => !isDelivered(record, upTo[keyOf(record)]));
    if (rows.length === 0) return [];
    const { name: pipeline, deadLetterTopic: topic } = this.#definition;
    const letters = rows.map(({ record, error }) =>
      toDeadLetter({ topic, pipeline, record, error, attempt: 1 }),
    );
    await deliver(this.#definition, this.#writer, letters);
    for (const { record } of rows) {
      upTo[keyOf(record)] = { offset: record.offset, timestamp: record.timestamp };
    }
    await this.#save(upTo);
    return letters.map(deadLetterReason);
  }

  async #read(): Promise<DeliveredUpTo> {
    try {
      return JSON.parse(await readFile(this.#file, 'utf8')) as DeliveredUpTo;
    } catch (error) {
      // A file that nobody can read costs a repetition, no row.
      if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') {
        return {};
      }
      throw error;
    }
  }

  async #save(upTo: DeliveredUpTo): Promise<void> {
    await mkdir(dirname(this.#file), { recursive: true });
    const draft = `${this.#file}.${randomUUID()}`;
    await writeFile(draft, JSON.stringify(upTo));
    await rename(draft, this.#file);
  }
}

/** The timestamp tells a topic that was deleted and made anew: its offsets begin again. */
function isDelivered(record: SourceRecord, last: Delivered | undefined): boolean {
  return last !== undefined && record.offset <= last.offset && record.timestamp <= last.timestamp;
}
