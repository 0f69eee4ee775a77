import { createHash } from 'node:crypto';
import { drawScenario } from './drawn-scenario.ts';
import { checkProperty } from './property.ts';
import type { Scenario } from './simulated-run.ts';
import { scenarioOf, type SimulationInput } from './user-scenario.ts';

export { readRecords, type SimulationInput } from './user-scenario.ts';

/** What came of one schedule. */
export interface PipelineOutcome {
  readonly seed: number;
  /** A Difference, or what was thrown; undefined when the property held. */
  readonly error: Error | undefined;
  /** Of all steps: the same for the same seed. */
  readonly hash: string;
  readonly steps: number;
  readonly crashes: number;
  /** The last steps. */
  readonly tail: readonly string[];
}

interface ScheduleOptions {
  readonly seed: number;
  readonly print?: (line: string) => void;
}

const TAIL = 25;

/** A pipeline and records that are drawn from a seed, on a schedule that is drawn too. */
export function runPipelineSchedule(options: ScheduleOptions): Promise<PipelineOutcome> {
  return play(() => {
    const scenario = drawScenario(options.seed);
    return { scenario, about: `${scenario.description}, ${scenario.partitions} partitions` };
  }, options);
}

/** A pipeline of the user over given records, on a schedule that is drawn from the seed. */
export function simulatePipeline(
  input: SimulationInput,
  options: ScheduleOptions,
): Promise<PipelineOutcome> {
  return play(() => {
    const scenario = scenarioOf(input, options.seed);
    return {
      scenario,
      about: `${scenario.records.length} records in ${scenario.partitions} partitions`,
    };
  }, options);
}

async function play(
  make: () => { scenario: Scenario; about: string },
  { seed, print = () => {} }: ScheduleOptions,
): Promise<PipelineOutcome> {
  const hash = createHash('sha256');
  const tail: string[] = [];
  let steps = 0;
  const note = (step: string): void => {
    print(step);
    hash.update(step);
    steps += 1;
    tail.push(step);
    if (tail.length > 2 * TAIL) tail.splice(0, TAIL);
  };
  let crashes = 0;
  let error: Error | undefined;
  try {
    const { scenario, about } = make();
    note(about);
    crashes = await checkProperty(scenario, { seed, print: note });
  } catch (thrown) {
    error = thrown instanceof Error ? thrown : new Error(String(thrown));
  }
  return {
    seed,
    error,
    hash: hash.digest('hex').slice(0, 16),
    steps,
    crashes,
    tail: tail.slice(-TAIL),
  };
}
