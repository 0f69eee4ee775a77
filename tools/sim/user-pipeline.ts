import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  readRecords,
  simulatePipeline,
  type SimulationInput,
} from '@penstock/pipelines/simulation';
import { pipelines } from '@penstock/samples';
import { Stop } from '../install/command.mjs';
import { root } from '../install/repository.mjs';

interface Options {
  /** File of records, a JSON object on each line. */
  readonly records: string | undefined;
  /** This seed alone. */
  readonly seed: number | undefined;
  /** Seeds from 1 to this number. */
  readonly seeds: number | undefined;
}

const SEEDS = 20;
/** Of a huge value, so much is shown. */
const SHOWN_MAX = 2_000;

/**
 * Runs a pipeline of the user by seeded schedules and prints the first result that is not what the
 * run without faults gives. Returns the exit code.
 *
 * @throws Stop when there is no such pipeline, or no records
 */
export async function simulateByName(name: string, options: Options): Promise<number> {
  const definition = pipelines.find((pipeline) => pipeline.name === name);
  if (definition === undefined) {
    const names = pipelines.map((pipeline) => pipeline.name).join(', ');
    throw new Stop(`There is no pipeline ${name}: there are ${names}.`);
  }
  const input = { definition, records: await recordsOf(name, options.records) };
  if (input.records.length === 0) throw new Stop(`There are no records for ${name}.`);
  const { seed, seeds = SEEDS } = options;
  const [first, last] = seed === undefined ? [1, seeds] : [seed, seed];
  console.log(`${name} over ${input.records.length} records, seeds ${first} to ${last}`);
  let crashes = 0;
  for (let each = first; each <= last; each++) {
    const print = seed === undefined ? undefined : (step: string): void => console.log(step);
    const outcome = await simulatePipeline(input, { seed: each, ...(print && { print }) });
    crashes += outcome.crashes;
    if (outcome.error === undefined) continue;
    console.log(describe(input, each, outcome));
    return 1;
  }
  console.log(`the results were the same each time, with ${crashes} crashes`);
  return 0;
}

function describe(
  { definition }: SimulationInput,
  seed: number,
  { error, tail }: Awaited<ReturnType<typeof simulatePipeline>>,
): string {
  const isDifference = error?.name === 'Difference';
  const what = (isDifference ? error.message : (error?.stack ?? '')).slice(0, SHOWN_MAX);
  return [
    `\nBROKEN: seed ${seed}`,
    what,
    ...(isDifference ? ['the last steps:', ...tail.map((step) => `  ${step}`)] : []),
    `all steps: npm run sim -- --pipeline ${definition.name} --seed ${seed}`,
  ].join('\n');
}

async function recordsOf(
  name: string,
  file: string | undefined,
): Promise<SimulationInput['records']> {
  if (file !== undefined) return readFromFile(file);
  const script = join(root, 'pipelines', 'src', `${name}.sim.ts`);
  if (!existsSync(script)) {
    throw new Stop(
      `There are no records for ${name}: write pipelines/src/${name}.sim.ts, which exports ` +
        'records(), or name a file with --records.',
    );
  }
  const { records } = (await import(script)) as {
    records?: () => SimulationInput['records'] | Promise<SimulationInput['records']>;
  };
  if (typeof records !== 'function') {
    throw new Stop(`pipelines/src/${name}.sim.ts does not export a function records().`);
  }
  return records();
}

async function readFromFile(file: string): Promise<SimulationInput['records']> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new Stop(`--records: ${(error as Error).message}`);
  }
  try {
    return readRecords(text);
  } catch (error) {
    throw new Stop(`${file}: ${(error as Error).message}`);
  }
}
