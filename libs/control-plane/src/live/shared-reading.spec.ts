import { expect, it } from 'vitest';
import { SharedReading } from './shared-reading.ts';

function counted() {
  const state = { now: 0, reads: 0, fails: false };
  const reading = new SharedReading({
    read: async (of: string) => {
      state.reads += 1;
      await Promise.resolve();
      if (state.fails) throw new Error('gone');
      return `${of} ${state.reads}`;
    },
    covers: (_, of) => of !== 'new',
    ageMaxMs: 10_000,
    monotonicMs: () => state.now,
  });
  return { state, reading };
}

it('reads once for all who ask at the same time, and again only when it is too old', async () => {
  const { state, reading } = counted();
  const together = await Promise.all(Array.from({ length: 50 }, () => reading.get('a')));
  expect(new Set(together.map(({ value }) => value))).toEqual(new Set(['a 1']));
  for (let second = 1; second <= 10; second++) {
    state.now = second * 1_000;
    expect(await reading.get('b')).toEqual({ value: 'a 1', ageMs: state.now });
  }
  state.now = 10_001;
  expect(await reading.get('b')).toEqual({ value: 'b 2', ageMs: 0 });
  expect(await reading.get('new')).toEqual({ value: 'new 3', ageMs: 0 });
  expect(state.reads).toBe(3);
});

it('keeps no failure', async () => {
  const { state, reading } = counted();
  state.fails = true;
  await expect(reading.get('a')).rejects.toThrow('gone');
  state.fails = false;
  expect(await reading.get('a')).toEqual({ value: 'a 2', ageMs: 0 });
});
