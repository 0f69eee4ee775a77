import { describe, expect, it } from 'vitest';
import { mergeNewest, mergeOldest } from './record-merge.ts';
import type { RecordView } from './record-view.ts';

function part(partition: number, timestamps: number[]): RecordView[] {
  return timestamps.map((timestamp, offset) => ({
    topic: 't',
    partition,
    offset,
    timestamp,
    key: null,
    value: null,
    headers: [],
  }));
}

function places(records: readonly RecordView[]): string[] {
  return records.map(({ partition, offset }) => `${partition}/${offset}`);
}

describe('records of several partitions', () => {
  it('are merged by time, the oldest first', () => {
    const parts = [part(0, [1, 4, 5]), part(1, [2, 3])];
    expect(places(mergeOldest(parts, 4))).toEqual(['0/0', '1/0', '1/1', '0/1']);
  });

  it('are merged by time, the newest first', () => {
    const parts = [part(0, [1, 4, 5]), part(1, [2, 3])];
    expect(places(mergeNewest(parts, 4))).toEqual(['0/2', '0/1', '1/1', '1/0']);
  });

  it('keep the order of their partition where its times do not ascend', () => {
    const parts = [part(0, [9, 1, 2]), part(1, [5])];
    expect(places(mergeOldest(parts, 9))).toEqual(['1/0', '0/0', '0/1', '0/2']);
    expect(places(mergeNewest(parts, 9))).toEqual(['1/0', '0/2', '0/1', '0/0']);
  });

  it('of which there are none make an empty page', () => {
    expect(mergeOldest([[], []], 5)).toEqual([]);
  });
});
