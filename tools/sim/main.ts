// Plays seeded schedules of the simulation and says which seeds fail.
import { parseArgs } from 'node:util';
import { availableParallelism } from 'node:os';
import { levels, playSchedule, type Level, type Mode } from './schedules.ts';
import { LongRun } from './long-run.ts';

const help = `npm run sim -- [options]

Plays seeded schedules of work, crashes and faults on a simulated machine, and checks that nothing
promised was broken. The same seed gives the same run.

  --seed N       replay this seed with its trace, step by step
  --runs N       play N schedules (default 500 of each level and mode)
  --minutes N    play schedules for N minutes
  --from N       first seed (default 1; with --minutes a random one)
  --level L      log: the log alone; broker: a whole broker with clients (default both)
  --mode M       fsync or os (default both)
  --jobs N       processes at once (default: one for each core, ${availableParallelism()})
  --help`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string' },
    minutes: { type: 'string' },
    from: { type: 'string' },
    level: { type: 'string' },
    mode: { type: 'string' },
    jobs: { type: 'string' },
    help: { type: 'boolean' },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  if (values.help === true) {
    console.log(help);
    return 0;
  }
  const chosenLevels = chosen('level', values.level, levels);
  const chosenModes = chosen('mode', values.mode, ['fsync', 'os'] as const);
  if (chosenLevels === undefined || chosenModes === undefined) return 2;
  if (values.seed !== undefined) return replay(Number(values.seed), chosenLevels, chosenModes);
  const run = new LongRun({
    kinds: chosenLevels.flatMap((level) => chosenModes.map((mode) => ({ level, mode }))),
    runs: values.runs === undefined ? undefined : Number(values.runs),
    minutes: values.minutes === undefined ? undefined : Number(values.minutes),
    from: values.from === undefined ? undefined : Number(values.from),
    jobs: Number(values.jobs ?? availableParallelism()),
  });
  return (await run.play()) ? 0 : 1;
}

function chosen<T extends string>(
  name: string,
  value: string | undefined,
  all: readonly T[],
): readonly T[] | undefined {
  if (value === undefined) return all;
  const one = all.find((each) => each === value);
  if (one === undefined) console.error(`--${name} is one of ${all.join(', ')}`);
  return one === undefined ? undefined : [one];
}

async function replay(
  seed: number,
  chosenLevels: readonly Level[],
  chosenModes: readonly Mode[],
): Promise<number> {
  let failed = 0;
  for (const level of chosenLevels) {
    for (const mode of chosenModes) {
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
