// Plays seeded schedules of the simulation and says which seeds fail.
import { availableParallelism } from 'node:os';
import { Stop } from '../install/command.mjs';
import { readOptions, runTool, wholeNumber } from '../install/tool.mjs';
import { levels, modesOf, playSchedule, type Level, type Mode } from './schedules.ts';
import { LongRun } from './long-run.ts';
import { simulateByName } from './user-pipeline.ts';

const help = `npm run sim -- [options]

Plays seeded schedules of work, crashes and faults on a simulated machine, and checks that nothing
promised was broken. The same seed gives the same run.

  --seed N       replay this seed with its trace, step by step
  --runs N       play N schedules (default 500 of each level and mode)
  --minutes N    play schedules for N minutes
  --from N       first seed (default 1; with --minutes a random one)
  --level L      log: the log alone; broker: a whole broker with clients; pipelines: pipelines and
                 records that are drawn, too (default all)
  --mode M       fsync or os (default both); says nothing to pipelines
  --jobs N       processes at once (default: one for each core, ${availableParallelism()})
  --help

npm run sim -- --pipeline NAME [--records FILE] [--seeds N] [--seed N]

Runs a pipeline of yours over records, once without faults and once for each seed with crashes,
partitions that are read in another order, records that come twice, and the cuts of batch runs:
its results, late records and dead letters must be the same each time. Prints the first that is not.

  --pipeline NAME  a pipeline of the folder pipelines
  --records FILE   a JSON object on each line: {"value": …, "key": …, "timestamp": …, "topic": …,
                   "partition": …, "headers": {…}}, of which value alone is needed (default: what
                   records() of pipelines/src/NAME.sim.ts returns)
  --seeds N        seeds from 1 to N (default 20)
  --seed N         this seed alone, with its steps

Ends with 0 when all was the same, with 1 when something was not or a word is wrong.`;

await runTool(main);

async function main(): Promise<void> {
  const { values } = readOptions('npm run sim -- --help', {
    options: {
      seed: { type: 'string' },
      runs: { type: 'string' },
      minutes: { type: 'string' },
      from: { type: 'string' },
      level: { type: 'string' },
      mode: { type: 'string' },
      jobs: { type: 'string' },
      pipeline: { type: 'string' },
      records: { type: 'string' },
      seeds: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return console.log(help);
  const number = (
    name: 'seed' | 'seeds' | 'runs' | 'minutes' | 'from' | 'jobs',
  ): number | undefined =>
    values[name] === undefined ? undefined : wholeNumber(`--${name}`, values[name]);
  const { pipeline, records } = values;
  if (pipeline !== undefined) {
    refuse(values, ['runs', 'minutes', 'from', 'level', 'mode', 'jobs'], 'goes without --pipeline');
    const seeds = { seed: number('seed'), seeds: number('seeds') };
    process.exitCode = await simulateByName(pipeline, { records, ...seeds });
    return;
  }
  refuse(values, ['records', 'seeds'], 'needs --pipeline');
  const chosenLevels = chosen('level', values.level, levels);
  const chosenModes = chosen('mode', values.mode, ['fsync', 'os'] as const);
  const seed = number('seed');
  if (seed !== undefined) {
    process.exitCode = await replay(seed, chosenLevels, chosenModes);
    return;
  }
  const run = new LongRun({
    kinds: chosenLevels.flatMap((level) =>
      modesOf(level, chosenModes).map((mode) => ({ level, mode })),
    ),
    runs: number('runs'),
    minutes: number('minutes'),
    from: number('from'),
    jobs: number('jobs') ?? availableParallelism(),
  });
  process.exitCode = (await run.play()) ? 0 : 1;
}

/** Words that say nothing here are refused, so that nobody takes them for heard. */
function refuse(values: object, names: readonly string[], why: string): void {
  const given = names.find((name) => name in values);
  if (given !== undefined) throw new Stop(`--${given} ${why}: npm run sim -- --help says more.`);
}

function chosen<T extends string>(
  name: string,
  value: string | undefined,
  all: readonly T[],
): readonly T[] {
  if (value === undefined) return all;
  const one = all.find((each) => each === value);
  if (one === undefined) throw new Stop(`--${name} is one of ${all.join(', ')}, not ${value}.`);
  return [one];
}

async function replay(
  seed: number,
  chosenLevels: readonly Level[],
  chosenModes: readonly Mode[],
): Promise<number> {
  let failed = 0;
  for (const level of chosenLevels) {
    for (const mode of modesOf(level, chosenModes)) {
      console.log(`\n${level} level, ${mode} mode, seed ${seed}`);
      const print = (line: string): void => console.log(line);
      const { error, hash, steps, crashes } = await playSchedule(level, mode, seed, print);
      if (error === undefined) {
        console.log(`held: ${steps} lines, ${crashes} crashes, trace ${hash}`);
        continue;
      }
      failed++;
      console.log(`BROKEN: ${error.stack}\ntrace ${hash}`);
    }
  }
  return failed === 0 ? 0 : 1;
}
