import { describe, expect, it } from 'vitest';
import { SeededRandom } from '@penstock/testing';
import { sourceOf, table } from '../topology/table.ts';
import type { SourceRecord } from '../topology/source-record.ts';
import { TableRows } from './table-rows.ts';

interface Row {
  readonly id: string;
  readonly version: number;
}

const rowsTable = table<Row>('rows', { schema: (row) => row as Row, key: ({ id }) => id });
const SOURCE = sourceOf('test', rowsTable);

/**
 * Records of some keys, in the order in which they were written.
 *
 * @param oneRow whether each record key stands for one row, which other record keys may, too
 */
function drawLog(random: SeededRandom, oneRow: boolean): SourceRecord[] {
  const offsets = [0, 0];
  const rowOf = new Map(['a', 'b', 'c', 'd'].map((key) => [key, pick(random, ['a', 'x', 'y'])]));
  return Array.from({ length: random.int(1, 30) }, (_, version) => {
    const recordKey = pick(random, ['a', 'b', 'c', 'd']);
    const partition = recordKey < 'c' ? 0 : 1;
    const row: Row = {
      id: oneRow ? rowOf.get(recordKey)! : pick(random, ['a', 'x', 'y']),
      version,
    };
    return {
      topic: 'rows',
      partition,
      offset: (offsets[partition] as number)++,
      // Several may have the same.
      timestamp: Math.floor(version / 2),
      key: Buffer.from(recordKey),
      value: random.below(4) === 0 ? null : Buffer.from(JSON.stringify(row)),
      headers: [],
    };
  });
}

/** What compaction leaves: the newest record of each key. */
function compacted(log: readonly SourceRecord[]): SourceRecord[] {
  return [...new Map(log.map((record) => [String(record.key), record])).values()].filter(
    ({ value }) => value !== null,
  );
}

async function rowsAfter(records: readonly SourceRecord[]): Promise<TableRows> {
  const rows = new TableRows(SOURCE);
  for (const record of records) await rows.take(record);
  return rows;
}

describe('the rows of a table whose row keys are not its record keys', () => {
  it('are the same after compaction and a restart, in whatever order partitions are read', async () => {
    for (let seed = 1; seed <= 500; seed++) {
      const log = drawLog(new SeededRandom(seed), true);
      const followed = [...(await rowsAfter(log)).entries()];
      const kept = compacted(log);
      for (const order of [
        kept,
        [
          ...kept.filter(({ partition }) => partition === 1),
          ...kept.filter((r) => r.partition === 0),
        ],
      ]) {
        expect([...(await rowsAfter(order)).entries()], `seed ${seed}`).toEqual(followed);
      }
      const newest = kept.toSorted(
        (one, other) =>
          one.timestamp - other.timestamp ||
          one.partition - other.partition ||
          one.offset - other.offset,
      );
      const expected = new Map(
        newest.map(({ value }) => JSON.parse(String(value)) as Row).map((row) => [row.id, row]),
      );
      expect(new Map(followed), `seed ${seed}`).toEqual(expected);
    }
  });

  it('are those of their own keys, whatever keys their records have', async () => {
    const rows = new TableRows(SOURCE);
    const put = (recordKey: string, row: Row | null, offset: number) =>
      rows.take({
        topic: 'rows',
        partition: 0,
        offset,
        timestamp: 0,
        key: Buffer.from(recordKey),
        value: row === null ? null : Buffer.from(JSON.stringify(row)),
        headers: [],
      });
    await put('same', { id: 'a', version: 1 }, 0);
    await put('same', { id: 'b', version: 1 }, 1);
    await put('other', { id: 'a', version: 2 }, 2);
    expect([rows.get('a'), rows.get('b')]).toMatchObject([{ version: 2 }, { version: 1 }]);
    expect(await put('same', null, 3)).toEqual(['a', 'b']);
    expect([...rows.entries()]).toEqual([['a', { id: 'a', version: 2 }]]);
  });

  it('tell every key whose row a record changes', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const rows = new TableRows(SOURCE);
      for (const record of drawLog(new SeededRandom(seed), false)) {
        const before = new Map(rows.entries());
        const told = await rows.take(record);
        const after = new Map(rows.entries());
        const changed = ['a', 'x', 'y'].filter((key) => before.get(key) !== after.get(key));
        expect(told, `seed ${seed}`).toEqual(expect.arrayContaining(changed));
      }
    }
  });
});

function pick<Value>(random: SeededRandom, values: readonly Value[]): Value {
  return values[random.below(values.length)] as Value;
}
