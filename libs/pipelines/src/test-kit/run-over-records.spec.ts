import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RetryLater } from '../definition/definition-error.ts';
import { pipeline } from '../definition/pipeline-builder.ts';
import { runOverRecords } from './run-over-records.ts';

const schema = z.object({ n: z.number() });
const source = pipeline('p', { retry: { attempts: 3, backoffMs: 1 } }).from('in', { schema });

describe('the operators of a pipeline', () => {
  it('filter, map, flatMap and keyBy, also when they return promises', async () => {
    const definition = source
      .filter(async ({ n }) => n > 1)
      .flatMap(({ n }) => [n, n * 10])
      .map(async (n) => ({ n }))
      .keyBy(({ n }) => String(n))
      .to('out');
    const { outputs } = await runOverRecords(
      definition,
      [1, 2, 3].map((n) => ({ value: { n } })),
    );
    expect(outputs.map(({ key, value }) => [key, value])).toEqual([
      ['2', { n: 2 }],
      ['20', { n: 20 }],
      ['3', { n: 3 }],
      ['30', { n: 30 }],
    ]);
  });

  it('pass on key and bytes as they came when nothing changes them', async () => {
    const definition = source.filter(({ n }) => n > 1).to('out');
    const value = Buffer.from('{ "n": 2,   "unknown": true }');
    const { outputs } = await runOverRecords(definition, [{ key: 'k', value }]);
    expect(outputs).toEqual([{ topic: 'out', key: 'k', value: { n: 2, unknown: true } }]);
  });

  it('try a record again, and give up on it with the reason after the last try', async () => {
    const tries: number[] = [];
    const definition = source
      .map('divide', ({ n }, { attempt }) => {
        tries.push(attempt);
        if (n === 0 || (n === 1 && attempt < 3)) {
          throw new RangeError(`cannot divide by ${n}`);
        }
        return { n: 1 / n };
      })
      .to('out');
    const { outputs, deadLetters } = await runOverRecords(definition, [
      { value: { n: 0 }, key: 'zero', timestamp: 42, headers: { trace: 't-1' } },
      { value: { n: 1 } },
    ]);
    expect(tries).toEqual([1, 2, 3, 1, 2, 3]);
    expect(outputs).toHaveLength(1);
    expect(deadLetters).toEqual([
      {
        value: Buffer.from('{"n":0}'),
        headers: {
          trace: 't-1',
          'penstock.errors.class': 'RangeError',
          'penstock.errors.message': 'cannot divide by 0',
          'penstock.errors.stage': 'map divide',
          'penstock.errors.topic': 'in',
          'penstock.errors.partition': '0',
          'penstock.errors.offset': '0',
          'penstock.errors.timestamp': '42',
          'penstock.errors.pipeline': 'p',
          'penstock.errors.attempt': '3',
        },
      },
    ]);
  });

  it('give up at once on bytes that are no JSON, and on a tombstone that the schema refuses', async () => {
    const { deadLetters } = await runOverRecords(source.to('out'), [
      { value: Buffer.from('{') },
      { value: null },
    ]);
    expect(deadLetters.map(({ headers }) => headers['penstock.errors.stage'])).toEqual([
      'decode',
      'schema',
    ]);
    expect(deadLetters.map(({ headers }) => headers['penstock.errors.attempt'])).toEqual([
      '1',
      '1',
    ]);
  });

  it('never give up on a record when an operator says that something it needs is away', async () => {
    const definition = source
      .map(() => {
        throw new RetryLater('the price service is away');
      })
      .to('out');
    await expect(runOverRecords(definition, [{ value: { n: 1 } }])).rejects.toThrow(RetryLater);
  });

  it('keep an output whole: a record that fails half way writes nothing of itself', async () => {
    const definition = source
      .flatMap(() => [1, 2, 3])
      .map((n) => {
        if (n === 3) {
          throw new Error('third');
        }
        return n;
      })
      .to('out');
    const { outputs, deadLetters } = await runOverRecords(definition, [{ value: { n: 1 } }]);
    expect([outputs.length, deadLetters.length]).toEqual([0, 1]);
  });
});

describe('an aggregate', () => {
  it('joins partitions, sorts by key, and writes the same to file and topic', async () => {
    const definition = source
      .aggregate({
        key: ({ n }) => (n % 2 === 0 ? 'even' : 'ODD'),
        init: () => 0,
        add: (sum, { n }) => sum + n,
        merge: (left, right) => left + right,
        result: (parity, sum) => ({ parity, sum }),
      })
      .toCsv('sums.csv', ['parity', 'sum'])
      .to('sums');
    const records = [1, 2, 3, 4].map((n, partition) => ({ value: { n }, partition }));
    const { rows, files, outputs } = await runOverRecords(definition, records);
    expect(rows).toEqual([
      { parity: 'ODD', sum: 4 },
      { parity: 'even', sum: 6 },
    ]);
    expect(files['sums.csv']).toBe('parity,sum\r\nODD,4\r\neven,6\r\n');
    expect(outputs.map(({ key }) => key)).toEqual(['ODD', 'even']);
  });
});
