import { SeededRandom, temporaryFolder, type TemporaryFolder } from '@penstock/testing';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBacking } from './memory-backing.ts';
import { SqliteBacking, StateFenced } from './sqlite-backing.ts';
import type { StateBacking } from './state-backing.ts';
import { TaskState } from './task-state.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

const backings: Array<[string, () => () => StateBacking]> = [
  [
    'memory',
    () => {
      const kept = new MemoryBacking();
      return () => kept;
    },
  ],
  [
    'SQLite',
    // Nobody cuts the power here, and each sync of the disk would be waited for.
    () => () => new SqliteBacking(join(folder.path, 'state', 'task.db'), { synced: false }),
  ],
];

/** What a state should hold, kept in the simplest way. */
interface Model {
  keyed: Map<string, unknown>;
  timed: Map<string, { time: number; order: string; value: unknown }>;
}

const copy = (model: Model): Model => structuredClone(model);

function sorted(model: Model) {
  return [...model.timed.values()].sort(
    (left, right) => left.time - right.time || (left.order < right.order ? -1 : 1),
  );
}

describe.each(backings)('the state of a task in %s', (_name, makeOpen) => {
  it('is what was committed last, whatever was undone, taken or lost in between', () => {
    for (let seed = 1; seed <= 15; seed++) {
      const random = new SeededRandom(seed);
      const open = makeOpen();
      let state = new TaskState(open());
      const [space, times] = [`k${seed}`, `t${seed}`];
      let model: Model = { keyed: new Map(), timed: new Map() };
      let committed = copy(model);
      for (let step = 0; step < 120; step++) {
        const before = copy(model);
        state.begin();
        for (let change = random.below(5); change >= 0; change--) {
          const key = `key${random.below(6)}`;
          if (random.below(2) === 0) {
            const value = random.below(4) === 0 ? undefined : { n: random.below(100) };
            const old = state.keyed(space).get(key) as { n: number } | undefined;
            expect(old, `seed ${seed}`).toEqual(model.keyed.get(key));
            // Changed in place: an undo must not see it.
            if (old !== undefined) old.n = -1;
            state.keyed(space).set(key, value);
            if (value === undefined) model.keyed.delete(key);
            else model.keyed.set(key, { ...value });
          } else if (random.below(3) > 0) {
            const time = random.below(20);
            state.timed(times).put(time, key, { key, time });
            model.timed.set(`${time} ${key}`, { time, order: key, value: { key, time } });
          } else {
            const taken = state.timed(times).take();
            const expected = sorted(model)[0];
            expect(taken?.value, `seed ${seed}`).toEqual(expected?.value);
            if (expected !== undefined) model.timed.delete(`${expected.time} ${expected.order}`);
          }
        }
        if (random.below(3) === 0) {
          state.rollback();
          model = before;
        } else {
          state.end();
        }
        if (random.below(4) === 0) {
          state.commit({ step }, null);
          committed = copy(model);
        }
        if (random.below(8) === 0) {
          state.close();
          state = new TaskState(open());
          model = copy(committed);
        }
        expect(state.timed(times).firstTime(), `seed ${seed}`).toBe(
          sorted(model)[0]?.time ?? Infinity,
        );
      }
      state.close();
    }
  });

  it('keeps outputs until they are said to be delivered', () => {
    const open = makeOpen();
    const state = new TaskState(open());
    const first = state.commit({ at: 1 }, Buffer.from('first'));
    state.delivered(first);
    state.commit({ at: 2 }, Buffer.from('second'));
    state.close();
    const again = new TaskState(open());
    expect(again.readPositions()).toEqual({ at: 2 });
    expect(again.undelivered().map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([
      'second',
    ]);
    again.close();
  });
});

describe('a state file', () => {
  it('belongs to who opened it last: the one before writes nothing any more', () => {
    const file = join(folder.path, 'task.db');
    const before = new TaskState(new SqliteBacking(file, { synced: false }));
    before.keyed('k').set('a', 1);
    before.commit({ at: 1 }, null);
    const after = new TaskState(new SqliteBacking(file, { synced: false }));
    before.keyed('k').set('a', 2);
    expect(() => before.commit({ at: 2 }, null)).toThrow(StateFenced);
    expect([after.readPositions(), after.keyed('k').get('a')]).toEqual([{ at: 1 }, 1]);
    after.keyed('k').set('a', 3);
    after.commit({ at: 3 }, null);
    before.close();
    after.close();
  });

  it('gives many keys and timers piece by piece', () => {
    const backing = new SqliteBacking(join(folder.path, 'task.db'), { synced: false });
    const state = new TaskState(backing);
    for (let number = 0; number < 60_000; number++) {
      state.keyed('k').set(`key${number}`, { number });
      state.timed('t').put(number % 1_000, `${number}`, null);
    }
    state.commit({}, null);
    state.close();
    const again = new TaskState(new SqliteBacking(join(folder.path, 'task.db'), { synced: false }));
    const order: number[] = [];
    for (let entry = again.timed('t').take(); entry !== null; entry = again.timed('t').take()) {
      order.push(entry.time);
      // Entries that come meanwhile stand where they belong.
      if (order.length === 5) again.timed('t').put(999.5, 'new', null);
    }
    expect(order).toHaveLength(60_001);
    expect(order).toEqual(order.toSorted((left, right) => left - right));
    expect(again.keyed('k').get('key59999')).toEqual({ number: 59_999 });
    again.close();
  });
});
