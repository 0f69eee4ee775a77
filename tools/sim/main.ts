// Plays seeded schedules of the simulation and says which seeds fail.
import { availableParallelism } from 'node:os';
import { Stop } from '../install/command.mjs';
import { readOptions, runTool, wholeNumber } from '../install/tool.mjs';
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
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return console.log(help);
  const number = (name: 'seed' | 'runs' | 'minutes' | 'from' | 'jobs'): number | undefined =>
    values[name] === undefined ? undefined : wholeNumber(`--${name}`, values[name]);
  const chosenLevels = chosen('level', values.level, levels);
  const chosenModes = chosen('mode', values.mode, ['fsync', 'os'] as const);
  const seed = number('seed');
  if (seed !== undefined) {
    process.exitCode = await replay(seed, chosenLevels, chosenModes);
    return;
  }
  const run = new LongRun({
    kinds: chosenLevels.flatMap((level) => chosenModes.map((mode) => ({ level, mode }))),
    runs: number('runs'),
    minutes: number('minutes'),
    from: number('from'),
    jobs: number('jobs') ?? availableParallelism(),
  });
  process.exitCode = (await run.play()) ? 0 : 1;
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
