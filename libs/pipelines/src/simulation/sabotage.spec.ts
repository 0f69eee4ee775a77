import { expect, test } from 'vitest';
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

/** What a method does instead; `call` does what it did, on the same object. */
type Fault<Arguments extends unknown[]> = (
  this: object,
  call: (...changed: Arguments) => unknown,
  ...args: Arguments
) => unknown;

/** A test that puts a fault in the place of a method, and expects a schedule to show it. */
function isFound<Arguments extends unknown[]>(
  what: string,
  { prototype }: { readonly prototype: object },
  name: string,
  fault: Fault<Arguments>,
): void {
  test(`${what} is found`, async () => {
    const original = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
    const method = original.value as (...args: unknown[]) => unknown;
    const value = function (this: object, ...args: Arguments): unknown {
      const call = (...changed: Arguments): unknown => Reflect.apply(method, this, changed);
      return Reflect.apply(fault, this, [call, ...args]);
    };
    Object.defineProperty(prototype, name, { ...original, value });
    try {
      await expectDifference();
    } finally {
      Object.defineProperty(prototype, name, original);
    }
  });
}

async function expectDifference(): Promise<void> {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const { error } = await runPipelineSchedule({ seed });
    if (error === undefined) continue;
    expect(error).toBeInstanceOf(Difference);
    return;
  }
  expect.fail(`no schedule of ${SEEDS_MAX} shows it`);
}

/** A fault of every fifth commit. */
function everyFifth(lost: Partial<StateChanges>): Fault<[StateChanges]> {
  let commits = 0;
  return (call, changes) => call(++commits % 5 === 0 ? { ...changes, ...lost } : changes);
}

/** Puts records in the order in which they came, in place of that of their times. */
function inOrderOfComing(): Fault<[Item]> {
  let puts = 0;
  return (call, item) => {
    const value = String(++puts).padStart(9, '0');
    const placed = Item.revive({ ...item.toJSON(), t: 0 });
    return call(Object.defineProperty(placed, 'order', { value }));
  };
}

/** Event time of all partitions together, in place of each its own. */
function sharedMark(): Fault<[Item]> {
  const newestOf = new WeakMap<object, number>();
  return function (call, item) {
    const newest = newestOf.get(this) ?? -Infinity;
    const mark = Math.max(item.mark, newest - 10_000);
    newestOf.set(this, Math.max(newest, item.time));
    return call(Item.revive({ ...item.toJSON(), m: mark }));
  };
}

isFound(
  'judging lateness by what all partitions have brought',
  WindowOperator,
  'onItem',
  sharedMark(),
);

isFound<[number, number]>(
  'closing windows before event time has come to their end',
  Operator,
  'reach',
  (call, watermark, settledUpTo) => call(watermark + 20_000, settledUpTo),
);

isFound(
  'letting event time pass what an operator still holds',
  MapAsyncOperator,
  'underWay',
  () => null,
);

isFound('a commit that forgets keys', MemoryBacking, 'write', everyFifth({ keyed: new Map() }));

isFound(
  'a commit that forgets what waits',
  MemoryBacking,
  'write',
  everyFifth({ timed: new Map() }),
);

isFound('a position that is behind the state', SourceClock, 'keep', (call) => {
  const kept = call() as { offset: number };
  return { ...kept, offset: Math.max(0, kept.offset - 1) };
});

isFound('forgetting how far a partition had come', SourceClock, 'keep', (call) => ({
  ...(call() as object),
  newest: null,
}));

isFound('not delivering again what a crash cut off', MemoryBacking, 'undelivered', () => []);

isFound('taking what was sent again for new', UpstreamClock, 'take', () => true);

isFound(
  'firing timers before the records of their time are handled',
  WaitingItems,
  'firstTime',
  (call) => (call() as number) + 15_000,
);

isFound('handling records in the order in which they came', WaitingItems, 'put', inOrderOfComing());
