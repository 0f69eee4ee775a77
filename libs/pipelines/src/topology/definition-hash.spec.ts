import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { hopping, tumbling } from '../time/windows.ts';
import { pipeline } from './pipeline-builder.ts';
import { table } from './table.ts';

const schema = z.object({ device: z.string(), n: z.number(), at: z.number() });
type Reading = z.infer<typeof schema>;

const byDevice = ({ device }: Reading): string => device;
const totals = {
  init: () => 0,
  add: (sum: number, { n }: Reading) => sum + n,
  result: (_: string, sum: number) => ({ sum }),
};
const rows = { schema: z.object({ rate: z.number() }) };
const source = (options: object = {}, topic = 'readings') =>
  pipeline('p').from(topic, { schema, ...options });
const plain = source()
  .filter(({ n }) => n > 0)
  .keyBy('device', byDevice)
  .window(tumbling('1m'))
  .aggregate(totals)
  .to('totals');

describe('what kept state means', () => {
  it.each([
    [
      'a step before it',
      () =>
        source()
          .map((r) => r)
          .keyBy('device', byDevice),
    ],
    ['no step before it', () => source().keyBy('device', byDevice)],
    [
      'a table before it',
      () =>
        source()
          .joinTable(table('rates', rows), (reading) => reading, { missing: 'skip' })
          .keyBy('device', byDevice),
    ],
    ['another lateness', () => source({ lateness: '1h' }).keyBy('device', byDevice)],
  ])('stays with %s', (_, keyed) => {
    const other = keyed().window(tumbling('1m')).aggregate(totals).to('totals');
    expect(other.stateHash).toBe(plain.stateHash);
    expect(other.hash).not.toBe(plain.hash);
  });

  it('stays with other steps behind it, and with other sinks', () => {
    const counted = source().keyBy('device', byDevice).window(tumbling('1m')).aggregate(totals);
    const other = counted.map((row) => ({ ...row, more: 1 })).to('elsewhere');
    expect(other.stateHash).toBe(plain.stateHash);
  });

  it.each([
    [
      'another key',
      () =>
        source()
          .keyBy('device', ({ n }) => String(n))
          .window(tumbling('1m'))
          .aggregate(totals),
    ],
    [
      'another window',
      () =>
        source()
          .keyBy('device', byDevice)
          .window(hopping('1m', { every: '30s' }))
          .aggregate(totals),
    ],
    [
      'another aggregate',
      () =>
        source()
          .keyBy('device', byDevice)
          .window(tumbling('1m'))
          .aggregate({ ...totals, add: (sum, { n }) => sum + 2 * n }),
    ],
    ['no window', () => source().keyBy('device', byDevice).aggregate(totals)],
    [
      'another event time',
      () =>
        source({ eventTime: ({ at }: Reading) => at })
          .keyBy('device', byDevice)
          .window(tumbling('1m'))
          .aggregate(totals),
    ],
    [
      'another source',
      () => source({}, 'others').keyBy('device', byDevice).window(tumbling('1m')).aggregate(totals),
    ],
    [
      'another operator with state',
      () =>
        source()
          .keyBy('device', byDevice)
          .dedupe({ by: ({ n }) => String(n), within: '1m' })
          .window(tumbling('1m'))
          .aggregate(totals),
    ],
  ])('changes with %s', (_, other) => {
    expect(other().to('totals').stateHash).not.toBe(plain.stateHash);
  });

  it('is nothing without state', () => {
    expect(
      source()
        .map((reading) => reading)
        .to('totals').stateHash,
    ).toBe('');
  });
});
