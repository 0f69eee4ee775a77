import { expect, it } from 'vitest';
import { SeededRandom } from '@penstock/testing';
import { KeptLists } from './kept-lists.ts';
import { MemoryBacking } from './memory-backing.ts';
import { TaskState } from './task-state.ts';

it('keeps lists as plain arrays would, whatever is undone, and across a restart', () => {
  const random = new SeededRandom(7);
  const backing = new MemoryBacking();
  let state = new TaskState(backing);
  let lists = new KeptLists<number>(state.keyed('lists'));
  let model = new Map<string, number[]>();
  for (let step = 0; step < 3_000; step++) {
    const before = new Map([...model].map(([name, values]) => [name, [...values]]));
    state.begin();
    for (let count = random.int(1, 5); count > 0; count--) {
      const name = pick(random, ['', '0 a', 'length b', 'c']);
      const values = model.get(name) ?? [];
      if (random.below(40) === 0) {
        lists.remove(name);
        model.delete(name);
      } else if (random.below(5) === 0) {
        lists.replace(name, (value) => (value % 3 === 0 ? value + 1 : null));
        model.set(
          name,
          values.map((value) => (value % 3 === 0 ? value + 1 : value)),
        );
      } else {
        lists.push(name, step);
        model.set(name, [...values, step]);
      }
    }
    if (random.below(4) === 0) {
      state.rollback();
      model = before;
    } else {
      state.end();
    }
    if (random.below(10) === 0) state.commit({}, null);
    if (random.below(100) === 0) {
      state.commit({}, null);
      state = new TaskState(backing);
      lists = new KeptLists(state.keyed('lists'));
    }
    const filled = [...model].filter(([, values]) => values.length > 0);
    expect(lists.names().sort()).toEqual(filled.map(([name]) => name).sort());
    for (const [name, values] of filled) {
      expect(lists.at(name)).toEqual(values);
      expect(lists.lengthOf(name)).toBe(values.length);
    }
  }
});

function pick<Value>(random: SeededRandom, values: readonly Value[]): Value {
  return values[random.below(values.length)] as Value;
}
