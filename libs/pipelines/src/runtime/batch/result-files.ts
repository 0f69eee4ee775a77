import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { csvHeader, csvTotals } from '../../task/csv.ts';
import type { CsvSink } from '../../topology/nodes.ts';
import { type PipelineDefinition, sinkTopics } from '../../topology/pipeline-definition.ts';
import { detachedFile } from './batch-outputs.ts';
import type { BatchRun } from './batch-run.ts';
import { MadeOutputs, type ResultLine } from './made-outputs.ts';
import { unfinished } from './unfinished-files.ts';

export interface BatchResult {
  /** Rows of the file; without one, records written to the sink topics. */
  readonly rows: number;
  /** Name of the file in the result folder; null without one. */
  readonly file: string | null;
  readonly topic: string | null;
  /** Dead letters of the whole run. */
  readonly deadLettered: number;
  /** When the next run has to end for the earliest timer to be due, ms since epoch; null: never. */
  readonly nextDueAt: number | null;
}

/** Characters that are written at once. */
const WRITE_CHARS = 256 * 1024;

/**
 * Joins what the tasks of a run have made into its result files. A second call writes the same:
 * each file is replaced as a whole.
 *
 * @param folder where they go; made when it does not exist
 */
export async function writeResultFiles(run: BatchRun, folder: string): Promise<BatchResult> {
  const { definition, detached } = run;
  const made = (await run.folder.madeFiles()).map((file) => new MadeOutputs(file));
  try {
    const counts = made.map((outputs) => outputs.counts());
    const sum = (of: 'written' | 'deadLettered'): number =>
      counts.reduce((total, count) => total + count[of], 0);
    const rowsOf = new Map<string, number>();
    for (const name of fileNames(definition, made)) {
      const csv = csvOf(definition, name);
      const lines = merged(made.map((outputs) => outputs.lines(name)));
      const head = csv === null ? '' : csvHeader(csv.columns);
      rowsOf.set(name, await writeFile(join(folder, name), { head, lines, csv }));
    }
    const csv = definition.sinks.find((sink) => sink.kind === 'csv')?.fileName ?? null;
    const topic = sinkTopics(definition)[0] ?? null;
    const inPlaceOfTopic = detached && topic !== null ? detachedFile(topic) : null;
    const file = csv ?? (rowsOf.has(inPlaceOfTopic ?? '') ? inPlaceOfTopic : null);
    return {
      rows: file === null ? sum('written') : (rowsOf.get(file) ?? 0),
      file,
      topic: detached ? null : topic,
      deadLettered: sum('deadLettered'),
      nextDueAt: await run.folder.nextDueAt(),
    };
  } finally {
    made.forEach((outputs) => outputs.close());
  }
}

/** Files that have lines, and those that the pipeline ends in, which may have none. */
function fileNames(definition: PipelineDefinition, made: readonly MadeOutputs[]): Set<string> {
  const ends = definition.sinks.flatMap((sink) => (sink.kind === 'csv' ? [sink.fileName] : []));
  return new Set([...ends, ...made.flatMap((outputs) => outputs.files())]);
}

function csvOf({ sinks }: PipelineDefinition, name: string): CsvSink | null {
  const found = sinks.find(
    (sink): sink is CsvSink => sink.kind === 'csv' && sink.fileName === name,
  );
  return found ?? null;
}

/** The lines of several tasks in one order. */
function* merged(sorted: ReadonlyArray<Generator<ResultLine>>): Generator<ResultLine> {
  const heads = sorted.flatMap((lines) => {
    const { value, done } = lines.next();
    return done === true ? [] : [{ lines, line: value }];
  });
  while (heads.length > 0) {
    let least = 0;
    for (let at = 1; at < heads.length; at++) {
      if (isBefore(heads[at]?.line, heads[least]?.line)) least = at;
    }
    const head = heads[least] as (typeof heads)[number];
    yield head.line;
    const { value, done } = head.lines.next();
    if (done === true) heads.splice(least, 1);
    else head.line = value;
  }
}

function isBefore(left: ResultLine | undefined, right: ResultLine | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  return left.order === right.order ? left.id < right.id : left.order < right.order;
}

/**
 * The file exists as a whole or not at all, even after a power cut. Returns how many lines it has
 * besides its head.
 */
async function writeFile(path: string, content: FileContent): Promise<number> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = unfinished(path);
  try {
    const handle = await open(temporary, 'w');
    let rows = 0;
    try {
      rows = await writeLines(handle, content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    return rows;
  } catch (error) {
    // The reason is the error; that its remains cannot be removed would hide it.
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

interface FileContent {
  readonly head: string;
  readonly lines: Iterable<ResultLine>;
  /** Null for a file that is no CSV. */
  readonly csv: CsvSink | null;
}

async function writeLines(handle: FileHandle, { head, lines, csv }: FileContent): Promise<number> {
  const totals = csv?.totals ?? [];
  const sums = totals.map(() => 0n);
  let rows = 0;
  let text = head;
  for (const line of lines) {
    rows += 1;
    text += line.text;
    if (totals.length > 0) {
      line.totals.split(' ').forEach((value, at) => (sums[at] = (sums[at] ?? 0n) + BigInt(value)));
    }
    if (text.length > WRITE_CHARS) {
      await handle.write(text);
      text = '';
    }
  }
  if (csv !== null && totals.length > 0) text += csvTotals(csv, rows, sums);
  if (text !== '') await handle.write(text);
  return rows;
}
