import { expect, test } from 'vitest';
import { parseConsumer, parseEndToEnd, parseProducer } from './kafka-tools.ts';
import { readOptions } from './options.ts';
import { parseCpuSeconds } from './process-usage.ts';
import { inTurn, median, percentile, ratioOf } from './statistics.ts';
import { resultOf } from './table.ts';

test('ratios are averaged so that twice and half cancel out', () => {
  const { mean, spread } = ratioOf([
    [200, 100],
    [50, 100],
  ]);
  expect(mean).toBeCloseTo(1);
  // Logarithms ± ln 2 deviate by √2 · ln 2.
  expect(spread).toBeCloseTo(2 ** Math.SQRT2 - 1);
  expect(ratioOf([[3, 2]])).toEqual({ mean: expect.closeTo(1.5), spread: 0 });
});

test('percentiles are values that occurred', () => {
  const values = Array.from({ length: 200 }, (_, i) => 200 - i);
  expect(percentile(values, 99)).toBe(198);
  expect(percentile(values, 50)).toBe(100);
  expect(percentile([7], 99)).toBe(7);
  expect(median([4, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

test('pairs are measured in the order ABBA', () => {
  expect([0, 1, 2].flatMap((pair) => inTurn(['a', 'b'], pair))).toEqual([
    'a',
    'b',
    'b',
    'a',
    'a',
    'b',
  ]);
});

test('of the producer tool its steady state is read', () => {
  const output = `Warmup first 100000 records. Steady state results will print after the complete test summary.
500000 records sent, 53815.520396 records/sec (52.55 MB/sec), 172.99 ms avg latency, 1650.00 ms max latency, 27 ms 50th, 862 ms 95th, 1019 ms 99th, 1059 ms 99.9th.
400000 steady state records sent, 85034.013605 records/sec (83.04 MB/sec), 52.54 ms avg latency, 400.00 ms max latency, 10 ms 50th, 322 ms 95th, 372 ms 99th, 389 ms 99.9th.
`;
  expect(parseProducer(output)).toEqual({ recordsPerSecond: 85034.013605, latencyMsP99: 372 });
  expect(() => parseProducer('TimeoutException')).toThrow('TimeoutException');
});

test('of the consumer tool the rate of fetching is read, and records that did not come are an error', () => {
  const output = `start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec
2026-11-21 04:04:26:680, 2026-11-21 04:04:32:556, 488.7305, 83.1740, 500460, 85170.1838, 1200, 4676, 104.5189, 107027.3738
`;
  expect(parseConsumer(output, 500_000)).toBe(104.5189);
  expect(() => parseConsumer(output, 500_461)).toThrow('too few');
});

test('of the latency tool the mean is read', () => {
  const output = '0\t1.5\nAvg latency: 0.8412 ms\nPercentiles: 50th = 0, 99th = 3, 99.9th = 8\n';
  expect(parseEndToEnd(output)).toBe(0.8412);
});

test('CPU time is read behind a name with spaces and parentheses', () => {
  const before = Array.from({ length: 10 }, (_, i) => i + 4).join(' ');
  expect(parseCpuSeconds(`42 (node (x) y) S ${before} 150 50 0 0`)).toBe(2);
});

test('where the client is the limit, the null broker is what a broker is held against', () => {
  const whereClientBound = { ratio: 1, ofNull: 0.85 };
  const target = { ratio: 1.2, isMoreBetter: true, whereClientBound };
  const met = (kafka: number, penstock: number, ceiling: number) =>
    resultOf({
      ...{ name: 'produce', unit: 'MB/s', target },
      values: { kafka: [kafka], penstock: [penstock], null: [ceiling] },
    });
  expect(met(100, 121, 200)).toMatchObject({ isMet: true });
  expect(met(100, 119, 200)).toMatchObject({ isMet: false });
  expect(met(100, 103, 120)).toMatchObject({ isMet: true });
  expect(met(100, 101, 120)).toMatchObject({ isMet: false });
  expect(met(100, 99, 110)).toMatchObject({ isMet: false });
  expect(met(100, 103, 120).cells).toContain('≥ 1 ×, ≥ 85 % of null');
});

test('the command line says what is wrong with it', () => {
  expect(readOptions(['--help'])).toBeUndefined();
  expect(readOptions(['--quick'])).toMatchObject({ pairs: 2, isQuick: true });
  expect(readOptions(['--only', 'start,fsync', '--pairs', '3'])).toEqual({
    parts: new Set(['start', 'fsync']),
    pairs: 3,
    isQuick: false,
  });
  expect(() => readOptions(['--only', 'speed'])).toThrow('there is no part speed');
  expect(() => readOptions(['--pairs', '0'])).toThrow('--pairs');
});
