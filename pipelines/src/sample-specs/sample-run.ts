import { type PipelineDefinition, testDriver, type TestDriver } from '@penstock/pipelines';

// What the samples' specs run them with.

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** A Monday. */
export const START = Date.parse('2026-05-04T08:00:00.000Z');

export const PARTITIONS = 3;

/** A moment after {@link START}, as records write it. */
export function at(ms: number): string {
  return new Date(START + ms).toISOString();
}

export interface SampleRecord {
  readonly topic: string;
  readonly value: object;
  readonly partition?: number;
}

/** Runs a sample over its tables, then records in their order, and lets all windows close. */
export async function run(
  definition: PipelineDefinition,
  records: readonly SampleRecord[],
  { after = 60 * DAY }: { readonly after?: number } = {},
): Promise<TestDriver> {
  const driver = testDriver(definition, { partitions: PARTITIONS });
  await driver.pipe(records.map((record) => ({ ...record, key: 'any' })));
  await driver.advanceTime(driver.now + after);
  return driver;
}

/** The values in a topic or file, those of one identity as the last. */
export function valuesIn<Value = Record<string, unknown>>(
  driver: TestDriver,
  topic: string,
): Value[] {
  return driver.results.flatMap((output) =>
    output.topic === topic ? [output.value as Value] : [],
  );
}

/** A repeatable source of whole numbers from 0 to below a limit. */
export function drawing(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    // Numerical Recipes' linear congruence; its upper bits are good enough for choices.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * limit);
  };
}

/** Orders records by a time that may be out of order by less than the lateness. */
export function shuffledWithin<Value extends { readonly time: string }>(
  values: readonly Value[],
  draw: (limit: number) => number,
  ms = 9 * SECOND,
): Value[] {
  return values
    .map((value) => [Date.parse(value.time) + draw(ms), value] as const)
    .sort(([one], [other]) => one - other)
    .map(([, value]) => value);
}
