import { SeededRandom } from './seeded-random.ts';
import { type Results, type Scenario, SimulatedRun } from './simulated-run.ts';

/** Two runs over the same records that did not give the same. */
export class Difference extends Error {
  override readonly name = 'Difference';

  constructor(
    run: string,
    { what, expected, found }: { what: string; expected: string | null; found: string | null },
  ) {
    const nothing = 'nothing';
    super(
      [
        `${run} does not give what the run without faults gives.`,
        `  ${what}`,
        `    without faults: ${expected ?? nothing}`,
        `    ${run}: ${found ?? nothing}`,
      ].join('\n'),
    );
  }
}

export interface PropertyOptions {
  readonly seed: number;
  /** Is told what happens, step by step. */
  readonly print?: (step: string) => void;
}

/**
 * The property that everything rests on: whatever the order in which partitions are read, wherever
 * commits, crashes and the cuts of batch runs fall, the results are the same by their identity, the
 * same records are late, and the same are given up.
 *
 * Runs a pipeline without faults, then by a schedule and as batch runs, both drawn from the seed.
 * Returns how many crashes there were.
 *
 * @throws Difference at the first result that is not the same
 */
export async function checkProperty(
  scenario: Scenario,
  { seed, print = () => {} }: PropertyOptions,
): Promise<number> {
  const expected = await new SimulatedRun(scenario).inOneGo();
  print('As a stream:');
  const stream = new SimulatedRun(scenario, print);
  compare('the stream', expected, await stream.bySchedule(new SeededRandom(seed)));
  print('As batch runs:');
  const batch = new SimulatedRun(scenario, print);
  compare('the batch runs', expected, await batch.asBatch(new SeededRandom(seed)));
  return stream.crashes + batch.crashes;
}

function compare(run: string, expected: Results, found: Results): void {
  for (const what of new Set([...expected.keys(), ...found.keys()])) {
    const [one, other] = [expected.get(what) ?? null, found.get(what) ?? null];
    if (one !== other) throw new Difference(run, { what, expected: one, found: other });
  }
}
