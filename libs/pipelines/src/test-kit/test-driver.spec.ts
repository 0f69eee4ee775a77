import { describe, expect, it } from 'vitest';
import { hopping, session, tumbling, calendar } from '../time/windows.ts';
import { endsIn } from '../topology/ended-stream.ts';
import { pipeline } from '../topology/pipeline-builder.ts';
import { table } from '../topology/table.ts';
import { testDriver } from './test-driver.ts';
import type { TestRecord } from './test-log.ts';

interface Reading {
  readonly device: string;
  readonly at: number;
  readonly value: number;
}

const schema = (input: unknown): Reading => {
  const reading = input as Reading;
  if (typeof reading.device !== 'string') throw new TypeError('device: a text is needed');
  return reading;
};
const eventTime = (reading: Reading): number => reading.at;
const S = 1_000;
const M = 60 * S;

function reading(device: string, at: number, value = 1, partition = 0): TestRecord {
  return { value: { device, at, value }, partition, topic: 'readings' };
}

function counting(
  window: Parameters<ReturnType<typeof keyed>['window']>[0],
  options = {},
  lateness = '10s',
) {
  return keyed(lateness)
    .window(window, options)
    .aggregate({
      init: () => ({ count: 0 }),
      add: (total) => ({ count: total.count + 1 }),
      merge: (left, right) => ({ count: left.count + right.count }),
      result: (_, { count }) => ({ count }),
    })
    .to('counts');
}

function keyed(lateness = '10s') {
  return pipeline('counting')
    .from('readings', { schema, eventTime, lateness })
    .keyBy('device', ({ device }) => device);
}

const rows = (driver: { results: { value: unknown }[] }) =>
  driver.results.map(({ value }) => value);

describe('windows', () => {
  it('write a row when the watermark passes their end, and count to the end exclusive', async () => {
    const driver = testDriver(counting(tumbling('1m')));
    await driver.pipe([
      reading('a', 0),
      reading('a', M - 1),
      reading('a', M),
      reading('a', M + 10 * S - 1),
    ]);
    expect(driver.outputs).toEqual([]);
    await driver.pipe([reading('a', M + 10 * S)]);
    expect(driver.outputs).toMatchObject([
      {
        topic: 'counts',
        key: 'a',
        id: 'a/1970-01-01T00:00:00.000Z',
        value: {
          key: 'a',
          windowStart: '1970-01-01T00:00:00.000Z',
          windowEnd: '1970-01-01T00:01:00.000Z',
          count: 2,
        },
        headers: {
          'penstock.pipeline': 'counting',
          'penstock.window.start': '1970-01-01T00:00:00.000Z',
        },
      },
    ]);
  });

  it('judge lateness by the log of the own partition; equal is not late', async () => {
    const driver = testDriver(counting(tumbling('1m')), { partitions: 2 });
    await driver.pipe([
      reading('a', 30 * S, 1, 1),
      reading('a', 70 * S, 1, 0),
      // Its own log stands at 70 s, less 10 s: the window [0, 60 s) has closed.
      reading('a', 20 * S, 1, 0),
      // The log of partition 1 stands at 30 s.
      reading('a', 50 * S, 1, 1),
    ]);
    await driver.advanceTime('1h');
    expect(rows(driver)).toMatchObject([{ count: 2 }, { count: 1 }]);
    expect(driver.late).toMatchObject([{ byMs: 0 }]);
  });

  it('wait for the slowest partition, until it is idle', async () => {
    const driver = testDriver(counting(tumbling('1m')), { partitions: 2 });
    await driver.pipe([
      reading('a', 10 * S, 1, 0),
      reading('b', 20 * S, 1, 1),
      reading('a', 2 * M, 1, 0),
    ]);
    expect(driver.outputs).toEqual([]);
    await driver.advanceTime(30 * S + 2 * M);
    expect(rows(driver)).toHaveLength(2);
  });

  it('correct a row that was written while a partition was idle', async () => {
    const driver = testDriver(counting(tumbling('1m')), { partitions: 2 });
    await driver.pipe([reading('a', 10 * S, 1, 0), reading('a', 20 * S, 1, 1)]);
    await driver.advanceTime('10m');
    expect(rows(driver)).toMatchObject([{ count: 2 }]);
    await driver.pipe([reading('a', 40 * S, 1, 1)]);
    expect(driver.outputs).toHaveLength(2);
    expect(rows(driver)).toMatchObject([{ count: 3 }]);
    expect(driver.late).toEqual([]);
  });

  it('drop, correct or set aside what is late', async () => {
    const input = [reading('a', 10 * S), reading('a', 3 * M), reading('a', 20 * S)];
    const outcomes = [];
    for (const late of ['drop', 'update', 'deadLetter'] as const) {
      const driver = testDriver(counting(tumbling('1m'), { late }));
      await driver.pipe(input);
      const first = driver.results.find(({ id }) => id === 'a/1970-01-01T00:00:00.000Z')!;
      const aside = driver.outputs.filter(({ topic }) => topic === 'counting.late');
      const { count } = first.value as { count: number };
      outcomes.push([count, aside.length, driver.late.length]);
      if (late === 'deadLetter') expect(aside[0]?.headers['penstock.late.by-ms']).toBe('110000');
    }
    expect(outcomes).toEqual([
      [1, 0, 1],
      [2, 0, 1],
      [1, 1, 1],
    ]);
  });

  it('hop, and add a record to those of its windows that are open', async () => {
    const driver = testDriver(counting(hopping('2m', { every: '1m' })));
    await driver.pipe([reading('a', 90 * S), reading('a', 130 * S), reading('a', 80 * S)]);
    await driver.advanceTime('1h');
    expect(rows(driver)).toMatchObject([
      { windowEnd: '1970-01-01T00:02:00.000Z', count: 1 },
      { windowEnd: '1970-01-01T00:03:00.000Z', count: 3 },
      { windowEnd: '1970-01-01T00:04:00.000Z', count: 1 },
    ]);
    expect(driver.late).toEqual([]);
  });

  it('join sessions, whose gap has to be exceeded', async () => {
    const driver = testDriver(counting(session('1m'), {}, '5m'));
    await driver.pipe([
      reading('a', 0),
      reading('a', M),
      reading('a', 3 * M),
      reading('a', 4 * M + 1),
    ]);
    await driver.pipe([reading('a', 2 * M)]);
    await driver.advanceTime('1h');
    expect(rows(driver)).toMatchObject([
      { windowStart: '1970-01-01T00:00:00.000Z', windowEnd: '1970-01-01T00:04:00.000Z', count: 4 },
      { windowStart: '1970-01-01T00:04:00.001Z', count: 1 },
    ]);
  });

  it('follow the calendar of a zone', async () => {
    const driver = testDriver(counting(calendar('day', { timeZone: 'Europe/Berlin' })));
    const at = (text: string) => Date.parse(text);
    await driver.pipe([
      reading('a', at('2026-03-28T23:00:00Z')),
      reading('a', at('2026-03-29T21:59:59Z')),
      reading('a', at('2026-03-29T22:00:00Z')),
    ]);
    await driver.advanceTime(at('2026-04-02T00:00:00Z'));
    expect(rows(driver)).toMatchObject([
      { windowStart: '2026-03-28T23:00:00.000Z', windowEnd: '2026-03-29T22:00:00.000Z', count: 2 },
      { count: 1 },
    ]);
  });
});

describe('process()', () => {
  const ordered = (late: 'drop' | 'apply' = 'drop') =>
    keyed()
      .process('order', {
        state: () => ({ seen: [] as number[] }),
        onRecord: (value: Reading, context) => {
          if (value.value < 0) {
            context.state.seen.push(-1);
            throw new Error('a negative value');
          }
          context.state.seen.push(value.at);
          context.emit({ at: value.at, late: context.late });
          context.schedule(value.at + 5 * S, 'alarm');
        },
        onTimer: (value: string, context) => context.emit({ timer: value, at: context.now() }),
        late,
      })
      .to('out');

  it('handles the records of a key in event-time order, and timers between them', async () => {
    const driver = testDriver(ordered());
    await driver.pipe([
      reading('a', 20 * S),
      reading('a', 12 * S),
      reading('a', 17 * S),
      reading('a', 60 * S),
    ]);
    expect(driver.outputs.map(({ value }) => value)).toEqual([
      { at: 12 * S, late: false },
      { at: 17 * S, late: false },
      { timer: 'alarm', at: 17 * S },
      { at: 20 * S, late: false },
      { timer: 'alarm', at: 22 * S },
      { timer: 'alarm', at: 25 * S },
    ]);
    await driver.advanceTime('1h');
    expect(driver.outputs).toHaveLength(8);
  });

  it('gives up on a record that it throws on, and on nothing that it did', async () => {
    const driver = testDriver(ordered());
    await driver.pipe([
      reading('a', S),
      reading('a', 2 * S, -1),
      reading('a', 3 * S),
      reading('b', M),
    ]);
    expect(driver.state('a')).toMatchObject({ 'process0.state': { seen: [S, 3 * S] } });
    expect(driver.deadLetters).toMatchObject([
      {
        headers: {
          'penstock.errors.stage': 'process order onRecord',
          'penstock.errors.offset': '1',
        },
      },
    ]);
    expect(String(driver.deadLetters[0]?.value)).toContain('"value":-1');
  });

  it('hands over late records at once when it asks for them', async () => {
    const driver = testDriver(ordered('apply'));
    await driver.pipe([reading('a', M), reading('a', 49 * S), reading('a', 50 * S)]);
    expect(driver.outputs.map(({ value }) => value)).toContainEqual({ at: 49 * S, late: true });
    expect(driver.late).toMatchObject([{ byMs: S }]);
  });
});

describe('joins', () => {
  const cards = table('cards', {
    schema: (row) => row as { card: string; limit: number },
    key: ({ card }) => card,
  });

  it('add the newest row, skip what has none, or wait for it', async () => {
    const join = (missing: 'skip' | 'wait') =>
      keyed()
        .joinTable(cards, (value, row) => ({ at: value.at, limit: row.limit }), { missing })
        .to('out');
    const row = (limit: number) => ({ topic: 'cards', key: 'a', value: { card: 'a', limit } });
    const limits = [];
    for (const missing of ['skip', 'wait'] as const) {
      const driver = testDriver(join(missing));
      await driver.pipe([reading('a', 1), row(10), reading('a', 2), row(20), reading('a', 3)]);
      limits.push(driver.outputs.map(({ value }) => value));
    }
    const known = [
      { at: 2, limit: 10 },
      { at: 3, limit: 20 },
    ];
    expect(limits).toEqual([known, [{ at: 1, limit: 10 }, ...known]]);
  });

  it('pair what is near in time, and send on alone what has no partner', async () => {
    const start = pipeline('pairs');
    const options = { schema, eventTime, lateness: '10s' };
    const left = start.from('left', options).keyBy('device', ({ device }) => device);
    const right = start.from('right', options).keyBy('device', ({ device }) => device);
    const driver = testDriver(
      left
        .join(right, { within: '5s', kind: 'left' }, (one, other) => [one.at, other?.at ?? null])
        .to('pairs'),
    );
    const record = (topic: string, at: number) => ({ ...reading('a', at), topic });
    await driver.pipe([
      record('right', 10 * S),
      record('left', 15 * S),
      record('left', 16 * S),
      record('left', 40 * S),
      record('right', 20 * S),
      record('left', 5 * S),
    ]);
    await driver.advanceTime('1h');
    const pairs = driver.outputs.map(({ value }) => JSON.stringify(value)).sort();
    expect(pairs).toEqual(
      [
        [15 * S, 10 * S],
        [15 * S, 20 * S],
        [16 * S, 20 * S],
        [40 * S, null],
      ].map((pair) => JSON.stringify(pair)),
    );
    expect(driver.late).toMatchObject([{ operator: 'join' }]);
  });
});

describe('a pipeline', () => {
  it('can branch and end in several topics, with an identity each', async () => {
    const all = pipeline('branches').from('readings', { schema });
    const { low, high } = all.branch({ low: (r) => r.value < 5, high: (r) => r.value > 3 });
    const driver = testDriver(endsIn(low.to('low'), high.map((r) => r.value).to('high')));
    await driver.pipe([reading('a', 0, 4), reading('a', 0, 9)]);
    expect(driver.outputs).toMatchObject([
      { topic: 'low', id: 'readings/0/0/low' },
      { topic: 'high', id: 'readings/0/0/high', value: 4 },
      { topic: 'high', id: 'readings/0/1/high', value: 9 },
    ]);
  });

  it('lets through the first of those that are the same', async () => {
    const driver = testDriver(
      keyed()
        .dedupe({ by: ({ value }) => String(value), within: '20s' })
        .to('out'),
    );
    await driver.pipe([
      reading('a', 9 * S, 7),
      reading('a', 2 * S, 7),
      reading('a', 22 * S, 7),
      reading('a', 23 * S, 7),
    ]);
    await driver.advanceTime('1h');
    expect(driver.outputs.map(({ value }) => (value as Reading).at)).toEqual([2 * S, 23 * S]);
  });

  it('calls what takes time several times at once, in order per key', async () => {
    const order: string[] = [];
    let underWay = 0;
    let most = 0;
    const driver = testDriver(
      keyed()
        .mapAsync(
          'slow',
          async (value) => {
            most = Math.max(most, ++underWay);
            for (let turn = 0; turn < value.value; turn++) {
              await new Promise((resolve) => setImmediate(resolve));
            }
            underWay -= 1;
            order.push(`${value.device}${value.at}`);
            return value.at;
          },
          { concurrency: 3 },
        )
        .to('out'),
    );
    await driver.pipe([
      reading('a', 1, 20),
      reading('a', 2, 1),
      reading('b', 3, 1),
      reading('c', 4, 1),
    ]);
    expect(most).toBe(3);
    expect(order.indexOf('a1')).toBeLessThan(order.indexOf('a2'));
    expect(order[0]).toBe('b3');
    expect(driver.outputs).toHaveLength(4);
  });

  it('refuses what cannot work, and says what would', () => {
    const stream = pipeline('bad').from('readings', { schema });
    expect(() => stream.window(tumbling('1m'))).toThrow(/window\(\) needs a key: call keyBy/);
    expect(() => stream.keyBy((r) => r.device).to('readings')).toThrow(
      /cannot write to "readings"/,
    );
    expect(() => tumbling('soon')).toThrow(/must be a duration above 0/);
    expect(() => calendar('day', { timeZone: 'Mars/Base' })).toThrow(
      /"Mars\/Base" is not the name/,
    );
    expect(() => pipeline('bad').from('x', { schema, lateness: '5 weeks' })).toThrow(
      /lateness must be a duration/,
    );
  });
});
