import { describe, expect, it } from 'vitest';
import { session, tumbling } from '../time/windows.ts';
import { endsIn } from '../topology/ended-stream.ts';
import { pipeline } from '../topology/pipeline-builder.ts';
import { table } from '../topology/table.ts';
import { testDriver } from './test-driver.ts';
import type { TestRecord } from './test-log.ts';

// What one operator holds back, sends on later, or fails at, must not be lost on, late for, or
// counted twice by the one behind it.

interface Reading {
  readonly device: string;
  readonly at: number;
  readonly value: number;
}

const S = 1_000;
const M = 60 * S;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

const from = (name = 'together', retry = {}) =>
  pipeline(name, { retry }).from('readings', {
    schema: (input) => input as Reading,
    eventTime: ({ at }) => at,
  });
const counted = {
  init: () => 0,
  add: (count: number) => count + 1,
  result: (_: string, count: number) => ({ count }),
};
const reading = (device: string, at: number, value = 1): TestRecord => ({
  key: device,
  value: { device, at, value },
});
const values = (driver: { outputs: { value: unknown }[] }) =>
  driver.outputs.map(({ value }) => value);

describe('event time', () => {
  it('comes to a window when what was held back before it has come', async () => {
    const keyed = from().byRecordKey();
    const behind = [
      keyed.dedupe({ by: ({ at }) => String(at), within: '10s' }),
      keyed.process<number, Reading>({
        state: () => 0,
        onRecord: (value, context) => context.emit(value),
      }),
      keyed.mapAsync('slow', async (value) => {
        for (let turns = value.value; turns > 0; turns--) await turn();
        return value;
      }),
    ];
    for (const stream of behind) {
      const driver = testDriver(stream.window(tumbling('1m')).aggregate(counted).to('counts'));
      await driver.pipe([reading('a', 59 * S, 20), reading('b', 61 * S), reading('a', 130 * S)]);
      await driver.advanceTime('1h');
      expect(driver.late).toEqual([]);
      expect(values(driver)).toHaveLength(3);
    }
  });

  it('keeps the order of records and timers over two handlers', async () => {
    const order: unknown[] = [];
    const definition = from()
      .byRecordKey()
      .process<number, Reading>({
        state: () => 0,
        onRecord: (value, context) => context.emit(value),
      })
      .process<number, unknown, string>({
        state: () => 0,
        onRecord: ({ at }, context) => {
          order.push(at);
          context.schedule(at + 5 * S, 'timer');
        },
        onTimer: (_, context) => void order.push(`timer ${context.now()}`),
      })
      .to('out');
    const driver = testDriver(definition);
    // All of it is released at once.
    await driver.pipe([reading('a', S), reading('a', 20 * S)], { commit: false });
    await driver.advanceTime('1h');
    expect(order).toEqual([S, 'timer 6000', 20 * S, 'timer 25000']);
  });

  it('puts the row of a window into the longer window in which it lies', async () => {
    const definition = from()
      .byRecordKey()
      .window(tumbling('1m'))
      .aggregate(counted)
      .window(tumbling('2m'))
      .aggregate({
        init: () => 0,
        add: (sum, { count }) => sum + count,
        result: (_, sum) => ({ sum }),
      })
      .to('sums');
    const driver = testDriver(definition);
    await driver.pipe([reading('a', 10 * S), reading('a', 70 * S), reading('a', 130 * S)]);
    await driver.advanceTime('1h');
    expect(values(driver)).toMatchObject([{ sum: 2 }, { sum: 1 }]);
  });

  it('of a past timer is that of the record that set it', async () => {
    const definition = from()
      .byRecordKey()
      .process({
        state: () => 0,
        onRecord: ({ at }: Reading, context) => context.schedule(at - M),
        onTimer: (_: unknown, context) => context.emit(context.now()),
      })
      .to('out');
    const driver = testDriver(definition);
    await driver.pipe([reading('a', 2 * M), reading('a', 3 * M)]);
    expect(values(driver)).toEqual([2 * M]);
  });
});

describe('a commit', () => {
  it('waits for what a closing window has begun', async () => {
    const definition = from()
      .byRecordKey()
      .window(tumbling('1m'))
      .aggregate(counted)
      .mapAsync('slow', async (row) => {
        for (let turns = 10; turns > 0; turns--) await turn();
        return row;
      })
      .to('counts');
    const driver = testDriver(definition);
    await driver.pipe([reading('a', S), reading('a', 2 * M)]);
    await driver.crash();
    expect(driver.results).toMatchObject([{ value: { count: 1 } }]);
  });

  it('writes the change of a window that opened and closed since the last one', async () => {
    const definition = from()
      .byRecordKey()
      .window(tumbling('1m'), { emit: 'changes' })
      .aggregate(counted)
      .to('counts');
    const driver = testDriver(definition);
    await driver.pipe([reading('a', S), reading('a', 2 * M), reading('a', 4 * M)]);
    expect(values(driver)).toMatchObject([{ count: 1 }, { count: 1 }, { count: 1 }]);
  });
});

describe('a record that is given up', () => {
  it('leaves nothing, not even what takes time, on any way', async () => {
    const calls: number[] = [];
    const all = from('ways', { attempts: 2, backoffMs: 1 });
    const slow = all.mapAsync('slow', async ({ at }) => {
      calls.push(at);
      return at;
    });
    const failing = all.map(({ value, at }) => {
      if (value < 0) throw new RangeError('a negative value');
      return at;
    });
    const driver = testDriver(endsIn(slow.to('slow'), failing.to('quick')));
    await driver.pipe([reading('a', 1, -1), reading('a', 2)]);
    expect(calls).toEqual([2]);
    expect(driver.outputs).toHaveLength(2);
    expect(driver.deadLetters).toHaveLength(1);
  });

  it('is set aside also while another waits that is undone later', async () => {
    const definition = from()
      .mapAsync('quick', async (value) => value)
      .map('slow and failing', async ({ value }) => {
        for (let turns = 5; turns > 0; turns--) await turn();
        if (value < 0) throw new RangeError('a negative value');
        return value;
      })
      .to('out');
    const driver = testDriver(definition);
    await driver.pipe([reading('a', 1, -1)], { commit: false });
    await turn();
    await driver.pipe([{ value: Buffer.from('{') }]);
    expect(
      driver.deadLetters.map(({ headers }) => headers['penstock.errors.stage']).sort(),
    ).toEqual(['decode', 'map slow and failing']);
  });

  it('takes no other pair of a join with it', async () => {
    const start = pipeline('pairs');
    const options = {
      schema: (input: unknown) => input as Reading,
      eventTime: ({ at }: Reading) => at,
    };
    const pairs = start
      .from('left', options)
      .byRecordKey()
      .join(start.from('right', options).byRecordKey(), { within: '10s' }, (one, other) => {
        if (one.value + other.value === 0) throw new RangeError('nothing is left');
        return one.value + other.value;
      });
    for (const order of [
      ['left', 'right'],
      ['right', 'left'],
    ]) {
      const driver = testDriver(pairs.to('sums'));
      const records = {
        left: [1, 2].map((value) => ({ ...reading('a', S, value), topic: 'left' })),
        right: [{ ...reading('a', S, -1), topic: 'right' }],
      };
      for (const side of order) await driver.pipe(records[side as 'left' | 'right']);
      expect(values(driver)).toEqual([1]);
      expect(driver.deadLetters).toMatchObject([{ headers: { 'penstock.errors.topic': 'left' } }]);
    }
  });
});

describe('identities', () => {
  it('are two when two ways of a record come together', async () => {
    const all = from();
    const driver = testDriver(
      all
        .map(({ at }) => at)
        .merge(all.map(({ value }) => value))
        .to('out'),
    );
    await driver.pipe([reading('a', 7, 8)]);
    expect(driver.results.map(({ id, value }) => [id, value])).toEqual([
      ['readings/0/0/left', 7],
      ['readings/0/0/right', 8],
    ]);
  });
});

describe('what waits for a row of a table', () => {
  it('is there after a crash, and goes on when the row came before it', async () => {
    const names = table('names', { schema: (row) => row as { name: string } });
    const definition = from()
      .keyBy('device', ({ device }) => device)
      .joinTable(names, ({ at }, { name }) => ({ at, name }), { missing: 'wait' })
      .to('out');
    const driver = testDriver(definition);
    await driver.pipe([{ topic: 'readings', ...reading('a', 1) }]);
    await driver.crash();
    await driver.pipe([{ topic: 'names', key: 'a', value: { name: 'north' } }]);
    await driver.crash();
    expect(driver.results.map(({ value }) => value)).toEqual([{ at: 1, name: 'north' }]);
  });
});

describe('a definition', () => {
  const all = from();
  const keyed = all.keyBy('device', ({ device }) => device);
  const counts = keyed
    .window(session('1m'))
    .aggregate({ ...counted, merge: (one, other) => one + other });

  it('may join what it counted with what it counted from', () => {
    for (const other of [keyed, all.byRecordKey()]) {
      const joined = counts.join(other, { within: '1m' }, ({ count }, { value }) => count * value);
      expect(joined.to('out').stages).toHaveLength(2);
    }
  });

  it('says what to do in place of a merge that cannot work', () => {
    expect(() => counts.merge(keyed).to('out')).toThrow(/end both in the topic with endsIn/);
  });

  it('finds its state again when what keeps none is added', () => {
    const names = table('names', { schema: (row) => row as { name: string } });
    const made = (more: 'nothing' | 'a table' | 'an end') => {
      const records = from();
      const byDevice = records.keyBy('device', ({ device }) => device);
      const ended = (more === 'a table' ? byDevice.joinTable(names, (value) => value) : byDevice)
        .window(tumbling('1m'))
        .aggregate(counted)
        .to('out');
      return more === 'an end' ? endsIn(records.map(({ at }) => at).to('raw'), ended) : ended;
    };
    for (const more of [made('a table'), made('an end')]) {
      expect(more.stateHash).toBe(made('nothing').stateHash);
      expect(more.stages.filter(({ stateful }) => stateful).map(({ index }) => index)).toEqual([
        0, 1,
      ]);
    }
  });

  it('that ends in a file alone is a batch job, whatever is added first', () => {
    const rows = keyed.window(tumbling('1m')).aggregate(counted);
    expect(rows.toCsv('counts.csv', ['count']).runsAs).toEqual({ stream: false, batch: true });
    expect(rows.toCsv('counts.csv', ['count']).to('counts').runsAs).toEqual({
      stream: true,
      batch: false,
    });
  });
});

describe('a timer', () => {
  const judged = from()
    .byRecordKey()
    .process({
      state: () => 0,
      onRecord: ({ at, value }, context) =>
        context.schedule(at + M, value, { keepRecord: value > 1 }),
      onTimer: (value: number, { emit }) => {
        if (value > 2) throw new Error('nobody knows it');
        emit(value);
      },
    });

  it('that fails makes dead letters of the records that set it, as they came', async () => {
    const driver = testDriver(judged.to('out'));
    const records = [reading('a', 0, 3), reading('a', 0, 3), reading('b', 0, 2)];
    await driver.pipe(records);
    await driver.crash();
    await driver.advanceTime(10 * M);
    expect(values(driver)).toEqual([2]);
    expect(driver.deadLetters.map(({ value }) => JSON.parse(String(value)) as unknown)).toEqual(
      records.slice(0, 2).map(({ value }) => value),
    );
    expect(driver.deadLetters.map(({ headers }) => headers['penstock.errors.offset'])).toEqual([
      '0',
      '1',
    ]);
  });

  it('has an identity of its own beside another of its key and time', async () => {
    const driver = testDriver(judged.to('out'));
    await driver.pipe([reading('a', 0, 1), reading('a', 0, 0)]);
    await driver.advanceTime(10 * M);
    expect(new Set(driver.outputs.map(({ id }) => id)).size).toBe(2);
  });
});
