import { afterEach, expect, test } from 'vitest';
import { Item } from '../operators/item.ts';
import { MapAsyncOperator } from '../operators/map-async.ts';
import { Operator } from '../operators/operator.ts';
import { WaitingItems } from '../operators/waiting-items.ts';
import { WindowOperator } from '../operators/window.ts';
import { MemoryBacking } from '../state/memory-backing.ts';
import type { StateChanges } from '../state/state-backing.ts';
import { SourceClock } from '../task/source-clock.ts';
import { UpstreamClock } from '../task/upstream-clock.ts';
import { runPipelineSchedule } from './pipeline-schedule.ts';
import { Difference } from './property.ts';

// The property is proved: the engine is broken on purpose, and a schedule must show it.

/** A fault in the engine must be found within this many schedules. */
const SEEDS_MAX = 400;

let restore = (): void => {};
afterEach(() => restore());

/** Puts another method in the place of one until the test is over. */
function replace(prototype: object, name: string, make: (original: Method) => Method): void {
  const original = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
  const value = make(original.value as Method);
  Object.defineProperty(prototype, name, { ...original, value });
  restore = () => Object.defineProperty(prototype, name, original);
}

type Method = (this: unknown, ...args: never[]) => unknown;

async function expectFound(): Promise<void> {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const { error } = await runPipelineSchedule({ seed });
    if (error === undefined) continue;
    expect(error).toBeInstanceOf(Difference);
    return;
  }
  expect.fail(`no schedule of ${SEEDS_MAX} shows it`);
}

test('judging lateness by what all partitions have brought is found', () => {
  replace(
    WindowOperator.prototype,
    'onItem',
    (original) =>
      function (this: { newest?: number }, item: Item) {
        const mark = Math.max(item.mark, (this.newest ?? -Infinity) - 10_000);
        this.newest = Math.max(this.newest ?? -Infinity, item.time);
        return Reflect.apply(original, this, [Item.revive({ ...item.toJSON(), m: mark })]);
      } as Method,
  );
  return expectFound();
});

test('closing windows before event time has come to their end is found', () => {
  replace(
    Operator.prototype,
    'reach',
    (original) =>
      function (watermark: number, settledUpTo: number) {
        return Reflect.apply(original, this, [watermark + 20_000, settledUpTo]);
      } as Method,
  );
  return expectFound();
});

test('letting event time pass what an operator still holds is found', () => {
  replace(MapAsyncOperator.prototype, 'underWay', () => () => null);
  return expectFound();
});

test('a commit that forgets keys is found', () => {
  let commits = 0;
  replace(
    MemoryBacking.prototype,
    'write',
    (original) =>
      function (changes: StateChanges) {
        const isLost = ++commits % 5 === 0;
        return Reflect.apply(original, this, [isLost ? { ...changes, keyed: new Map() } : changes]);
      } as Method,
  );
  return expectFound();
});

test('a commit that forgets what waits is found', () => {
  let commits = 0;
  replace(
    MemoryBacking.prototype,
    'write',
    (original) =>
      function (changes: StateChanges) {
        const isLost = ++commits % 5 === 0;
        return Reflect.apply(original, this, [isLost ? { ...changes, timed: new Map() } : changes]);
      } as Method,
  );
  return expectFound();
});

test('positions that are behind the state are found', () => {
  replace(
    SourceClock.prototype,
    'keep',
    (original) =>
      function () {
        const kept = Reflect.apply(original, this, []) as { offset: number };
        return { ...kept, offset: Math.max(0, kept.offset - 1) };
      } as Method,
  );
  return expectFound();
});

test('forgetting how far a partition had come is found', () => {
  replace(
    SourceClock.prototype,
    'keep',
    (original) =>
      function () {
        return { ...(Reflect.apply(original, this, []) as object), newest: null };
      } as Method,
  );
  return expectFound();
});

test('not delivering again what a crash cut off is found', () => {
  replace(MemoryBacking.prototype, 'undelivered', () => () => []);
  return expectFound();
});

test('taking what was sent again for new is found', () => {
  replace(UpstreamClock.prototype, 'take', () => () => true);
  return expectFound();
});

test('firing timers before the records of their time are handled is found', () => {
  replace(
    WaitingItems.prototype,
    'firstTime',
    (original) =>
      function () {
        return (Reflect.apply(original, this, []) as number) + 15_000;
      } as Method,
  );
  return expectFound();
});

test('handling records in the order in which they came is found', () => {
  let puts = 0;
  replace(
    WaitingItems.prototype,
    'put',
    (original) =>
      function (item: Item) {
        const order = String(++puts).padStart(9, '0');
        const placed = Object.defineProperty(Item.revive({ ...item.toJSON(), t: 0 }), 'order', {
          value: order,
        });
        return Reflect.apply(original, this, [placed]);
      } as Method,
  );
  return expectFound();
});
