import { expect, it } from 'vitest';
import { readAll, startWorkerHarness } from '@penstock/testing/worker-harness';

it('the demo feeds the samples with earthquakes of ever new ids, and ends with its worker', async () => {
  await using harness = await startWorkerHarness({ redis: false, env: { PENSTOCK_DEMO: '1' } });
  await harness.penstock.start('worker');
  const fed = await harness.processor(
    ({ consumed, produced }) => consumed > 400 && produced > 5,
    'a processor that is fed',
  );
  expect(fed.deadLettered).toBe(0);
  expect(await harness.penstock.stop('worker')).toEqual({ code: 0, signal: null });
  const records = await readAll(harness.kafka, 'earthquakes');
  expect(new Set(records.map(({ key }) => key)).size).toBe(records.length);
});
