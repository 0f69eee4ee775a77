import { expect, test } from 'vitest';
import { pipeline } from '../topology/pipeline-builder.ts';
import { readRecords, runPipelineSchedule, simulatePipeline } from './pipeline-schedule.ts';

const SEEDS = 1_000;

test(`any schedule of a pipeline gives the results of the run without faults (${SEEDS} seeds)`, async () => {
  let crashes = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const outcome = await runPipelineSchedule({ seed });
    crashes += outcome.crashes;
    if (outcome.error !== undefined) {
      const replay = `npm run sim -- --level pipelines --seed ${seed}`;
      throw new Error([replay, outcome.error.stack, ...outcome.tail].join('\n'));
    }
  }
  // A schedule without faults would show nothing.
  expect(crashes).toBeGreaterThan(SEEDS);
});

test('a seed gives the same schedule each time', async () => {
  const [one, other] = [
    await runPipelineSchedule({ seed: 7 }),
    await runPipelineSchedule({ seed: 7 }),
  ];
  expect(one.steps).toBeGreaterThan(50);
  expect(other).toEqual(one);
});

const Reading = (input: unknown) => input as { device: string; celsius: number };
const readings = Array.from({ length: 40 }, (_, number) => ({
  value: { device: `d${number % 3}`, celsius: number },
}));
const newest = pipeline('newest')
  .from('readings', { schema: Reading })
  .keyBy(({ device }) => device)
  .aggregate({
    init: () => 0,
    add: (_, { celsius }) => celsius,
    result: (_, celsius) => ({ celsius }),
  })
  .to('newest');
const drawn = pipeline('drawn')
  .from('readings', { schema: Reading })
  .map(({ device }) => ({ device, number: Math.random() }))
  .to('drawn');

test.each([
  [
    'the order of records',
    newest,
    /output newest d\d\n +without faults: d\d: \{"key":"d\d","celsius":\d+\}/,
  ],
  ['chance', drawn, /output drawn readings\/\d\/\d+\n/],
])(
  "a user's pipeline whose results depend on %s is found, and what differs is named",
  async (_, definition, text) => {
    const input = { definition, records: readings };
    const found: Error[] = [];
    for (let seed = 1; seed <= 20 && found.length === 0; seed++) {
      const { error } = await simulatePipeline(input, { seed });
      if (error !== undefined) found.push(error);
    }
    expect(found[0]?.name).toBe('Difference');
    expect(found[0]?.message).toMatch(text);
  },
);

test.each([
  ['{"value": 1}\n\nnone', /line 3 is no JSON/],
  ['[1]', /line 1 is no JSON object/],
  ['{"value": 1, "kye": "a"}', /line 1 has a field "kye": a record has value, key, timestamp/],
  ['{"key": "a"}', /line 1 has no "value"/],
])('records from the text %j are refused with the line', (text, message) => {
  expect(() => readRecords(text)).toThrow(message);
});

test('records come from a text with an object on each line', () => {
  const text = '{"value": {"n": 1}, "key": "a"}\r\n{"value": null, "partition": 2}\n';
  expect(readRecords(text)).toEqual([
    { value: { n: 1 }, key: 'a' },
    { value: null, partition: 2 },
  ]);
});
