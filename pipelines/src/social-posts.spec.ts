import { testDriver } from '@penstock/pipelines';
import { describe, expect, it } from 'vitest';
import { socialPosts } from './social-posts.ts';
import * as sample from './sample-specs/sample-run.ts';

const { at, DAY, HOUR, MINUTE } = sample;

const post = (ms: number, postId: string, publishAt: number, fields: object = {}) => ({
  topic: 'scheduled-posts',
  partition: 0,
  key: null,
  value: {
    postId,
    account: 'a',
    text: `text of ${postId}`,
    publishAt: at(publishAt),
    action: 'schedule',
    time: at(ms),
    ...fields,
  },
});
const cancel = (ms: number, postId: string) => post(ms, postId, 0, { action: 'cancel' });

type Published = Readonly<Record<'postId' | 'plannedFor' | 'publishedAt', string>>;

/** What batch runs publish that end at these times. */
async function published(
  records: ReadonlyArray<ReturnType<typeof post>>,
  runs: ReadonlyArray<readonly [after: number, ms: number]>,
) {
  const driver = testDriver(socialPosts, { partitions: 3 });
  await driver.pipe(records);
  const outputs = await driver.asBatch(
    runs.map(([after, ms]) => ({ after, at: sample.START + ms })),
  );
  return outputs
    .map(({ value }) => value as Published)
    .toSorted((one, other) => (one.plannedFor < other.plannedFor ? -1 : 1))
    .map(({ postId, plannedFor }) => [postId, Date.parse(plannedFor) - sample.START]);
}

describe('social-posts', () => {
  it('publishes each post when a run ends after its time, not before', async () => {
    const week = [post(0, 'monday', HOUR), post(1, 'tuesday', DAY), post(2, 'sunday', 6 * DAY)];
    expect(await published(week, [[3, HOUR]])).toEqual([]);
    expect(
      await published(week, [
        [3, 1_000],
        [3, HOUR + 1],
      ]),
    ).toEqual([['monday', HOUR]]);
    expect(
      await published(week, [
        [3, 1_000],
        [3, 7 * DAY],
      ]),
    ).toHaveLength(3);
  });

  it('keeps five minutes between two posts of an account, by the wish for their times', async () => {
    const posts = [
      post(0, 'c', 61 * MINUTE),
      post(1, 'b', 60 * MINUTE),
      post(2, 'a', 60 * MINUTE),
      post(3, 'alone', 60 * MINUTE, { account: 'other' }),
      post(4, 'past', -HOUR),
    ];
    expect(await published(posts, [[5, DAY]])).toEqual([
      ['past', -HOUR],
      ['b', 60 * MINUTE],
      ['alone', 60 * MINUTE],
      ['a', 65 * MINUTE],
      ['c', 70 * MINUTE],
    ]);
    // What is published stays: the next one keeps its distance.
    const [first, second] = [
      post(0, 'first', 60 * MINUTE),
      post(61 * MINUTE, 'second', 62 * MINUTE),
    ];
    expect(
      await published(
        [first, second],
        [
          [1, 60 * MINUTE + 1],
          [2, DAY],
        ],
      ),
    ).toEqual([
      ['first', 60 * MINUTE],
      ['second', 65 * MINUTE],
    ]);
  });

  it('publishes what was not cancelled, as it was planned last, once', async () => {
    const posts = [
      post(0, 'moved', 60 * MINUTE),
      post(1, 'cancelled', 2 * HOUR),
      post(2, 'unknown', 2 * HOUR, { action: 'cancel' }),
      post(3, 'moved', 3 * HOUR),
      cancel(4, 'cancelled'),
      post(5, 'cancelled', 4 * HOUR),
      post(4 * HOUR, 'moved', 5 * HOUR),
      cancel(4 * HOUR + 1, 'moved'),
    ];
    expect(
      await published(posts, [
        [6, 1_000],
        [6, 3 * HOUR + 1],
        [8, DAY],
      ]),
    ).toEqual([['moved', 3 * HOUR]]);
  });

  it('plans the same in whatever order entries come', async () => {
    const draw = sample.drawing(2);
    const entries = Array.from({ length: 40 }, (_, index) =>
      post(index * 1_000, `p${draw(25)}`, draw(20) * 3 * MINUTE + HOUR, {
        ...(draw(6) === 0 && { action: 'cancel' }),
        text: String(index),
      }),
    );
    const inOrder = await published(entries, [[40, DAY]]);
    expect(inOrder.length).toBeGreaterThan(10);
    const cut = await published(entries, [
      [7, 41_000],
      [23, 50_000],
      [40, DAY],
    ]);
    expect(cut).toEqual(inOrder);
  });
});
