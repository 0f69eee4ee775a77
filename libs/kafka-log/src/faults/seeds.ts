import type { ScheduleOutcome } from './schedule-outcome.ts';

/** Plays seeds from 1 on and throws at the first that fails, with how to replay it. */
export async function playSeeds(
  count: number,
  play: (seed: number) => Promise<ScheduleOutcome>,
  replay: string,
): Promise<void> {
  for (let seed = 1; seed <= count; seed++) {
    const { error, tail } = await play(seed);
    if (error === undefined) continue;
    const text = [error.stack, ...tail].join('\n');
    throw new Error(`${replay} --seed ${seed}\n${text}`, { cause: error });
  }
}

/** The first of so many seeds that finds something wrong; undefined if none does. */
export async function firstFailure(
  count: number,
  play: (seed: number) => Promise<ScheduleOutcome>,
  firstSeed = 1,
): Promise<ScheduleOutcome | undefined> {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const outcome = await play(seed);
    if (outcome.error !== undefined) return outcome;
  }
  return undefined;
}
