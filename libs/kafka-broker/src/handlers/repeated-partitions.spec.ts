import { expect, test } from 'vitest';
import { withoutRepeats } from './repeated-partitions.ts';

test('of a partition that is named again the first place and the last wish remain', () => {
  const topics = [
    { name: 'a', partitions: [[0, 'first'] as const, [1, 'other'] as const, [0, 'last'] as const] },
    { name: 'b', partitions: [[0, 'b'] as const] },
    { name: 'a', partitions: [[2, 'late'] as const, [1, 'again'] as const] },
  ];
  const kept = withoutRepeats(
    topics,
    ({ name }) => name,
    ([index]) => index,
  );
  expect(kept).toEqual([
    {
      name: 'a',
      partitions: [
        [0, 'last'],
        [1, 'again'],
        [2, 'late'],
      ],
    },
    { name: 'b', partitions: [[0, 'b']] },
  ]);
});

test('a request without repeats stays as it is', () => {
  const topics = [
    { name: 'a', partitions: [0, 1, 2] },
    { name: 'b', partitions: [0] },
  ];
  const kept = withoutRepeats(
    topics,
    ({ name }) => name,
    (index) => index,
  );
  expect(kept).toBe(topics);
});
