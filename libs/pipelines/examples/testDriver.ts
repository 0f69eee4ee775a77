import { testDriver } from '@penstock/pipelines';
import { definition } from './tumbling.ts';

export async function test(): Promise<void> {
  const driver = testDriver(definition);

  await driver.pipe([
    { value: { device: 'a', celsius: 20, at: 0 } },
    { value: { device: 'a', celsius: 24, at: 30_000 } },
  ]);
  // The window is open.
  equal(driver.outputs.length, 0);
  equal(Object.keys(driver.state('a')).length, 1);

  // As after kill -9: what was committed is there, what was not is read again.
  await driver.crash();

  // No record comes any more: the partition is idle, and time goes on by the clock.
  await driver.advanceTime('5m');
  equal(JSON.stringify(driver.results[0]?.value).includes('"mean":22'), true);

  // Much too late for its window.
  await driver.pipe([{ value: { device: 'a', celsius: 99, at: 600_000 } }]);
  await driver.pipe([{ value: { device: 'a', celsius: 99, at: 1_000 } }]);
  equal(driver.late.length, 1);
  equal(driver.deadLetters.length, 0);

  // As two batch runs: the first reads two records, the second the rest.
  const rows = await driver.asBatch([
    { after: 2, at: 31_000 },
    { after: 4, at: 7_200_000 },
  ]);
  equal(rows.length, 3);
}

function equal(found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`${String(found)} is not ${String(expected)}`);
}
