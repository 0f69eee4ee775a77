import { describe, expect, it } from 'vitest';
import { currentPartitions, partitionSums, type Group } from './queries.ts';

const partition = (index: number, committed: number | null, end: number) => ({
  topic: 't',
  partition: index,
  committedOffset: committed,
  endOffset: end,
  startOffset: 0,
  lag: committed === null ? null : end - committed,
  memberId: null,
});

describe('partitions of a group', () => {
  it('sum so that end − committed = lag also where an offset was never committed', () => {
    const sums = partitionSums([partition(0, 5, 10), partition(1, null, 100), partition(2, 7, 7)]);
    expect(sums).toEqual({ lag: 5, committed: 12, end: 17 });
    expect(sums.end! - sums.committed!).toBe(sums.lag);
  });

  it('are unknown, not 0, before the first commit', () => {
    expect(partitionSums([partition(0, null, 3)])).toEqual({
      lag: null,
      committed: null,
      end: null,
    });
  });

  it('take the offsets of the newest frame and keep their order', () => {
    const group = { partitions: [partition(1, 1, 2), partition(0, 1, 2)] } as unknown as Group;
    const live = { partitions: [{ ...partition(1, 8, 9) }] } as never;
    const rows = currentPartitions(group, live);
    expect(rows.map((row) => row.partition)).toEqual([0, 1]);
    expect(rows[1]!.committedOffset).toBe(8);
  });
});
