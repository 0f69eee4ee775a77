import { afterEach, expect, test } from 'vitest';
import type { MemoryFiles } from '../faults/memory-files.ts';
import { firstFailure } from '../faults/seeds.ts';
import { Violation } from '../faults/trace.ts';
import type { Files } from '../files.ts';
import { LogSegments, type LogRead } from '../log-segments.ts';
import { LogState } from '../log-state.ts';
import { PartitionLog } from '../partition-log.ts';
import { ProducerStates } from '../producer-states.ts';
import { runLogSchedule } from './log-schedule.ts';

/** A fault in the product must be found within this many schedules. */
const SEEDS_MAX = 60;

let restore = (): void => {};
afterEach(() => restore());

/** Puts another implementation in the place of a method or getter until the test is over. */
function replace(prototype: object, name: string, as: PropertyDescriptor): void {
  const original = Object.getOwnPropertyDescriptor(prototype, name)!;
  Object.defineProperty(prototype, name, { configurable: true, ...as });
  restore = () => Object.defineProperty(prototype, name, original);
}

async function expectFound(
  durability: 'fsync' | 'os',
  sabotage?: (files: MemoryFiles) => Files,
): Promise<void> {
  const found = await firstFailure(SEEDS_MAX, (seed) =>
    runLogSchedule({ seed, durability, ...(sabotage && { sabotage }) }),
  );
  expect(found?.error).toBeInstanceOf(Violation);
}

test('a disk that lies about syncs is found', () =>
  expectFound('fsync', (files) => {
    files.liesAboutSync = true;
    return files;
  }));

test('acknowledging before the disk has it is found', () => {
  replace(PartitionLog.prototype, 'whenDurable', { value: () => Promise.resolve() });
  return expectFound('fsync');
});

test('showing what is not yet on the disk is found', () => {
  replace(LogState.prototype, 'highWatermark', {
    get(this: LogState) {
      return this.active.nextOffset;
    },
  });
  return expectFound('fsync');
});

test('answering a reader with batches that hold no record for it is found', () => {
  const { readFrom } = LogSegments.prototype;
  replace(LogSegments.prototype, 'read', {
    value(this: LogSegments, read: LogRead) {
      return readFrom.call(this, read.offset, { ...read, mayLackRecords: true });
    },
  });
  return expectFound('fsync');
});

test('taking every batch for a new one is found', () => {
  replace(ProducerStates.prototype, 'check', { value: () => ({ kind: 'next' }) });
  return expectFound('os');
});

test('forgetting producers in a restart is found', () => {
  replace(ProducerStates.prototype, 'note', { value: () => {} });
  return expectFound('os');
});

test('a write that goes nowhere is found', () =>
  expectFound('os', (files) => {
    const lossy: Files = Object.create(files) as Files;
    let writes = 0;
    // Private fields are the prototype's: every method is called on the real object.
    for (const name of methodsOf(files)) {
      Object.defineProperty(lossy, name, {
        value: (...args: unknown[]) => {
          if (name === 'write' && ++writes % 50 === 0) return args[3];
          return (files as unknown as Record<string, (...given: unknown[]) => unknown>)[name]!(
            ...args,
          );
        },
      });
    }
    return lossy;
  }));

function methodsOf(of: MemoryFiles): string[] {
  const prototype = Object.getPrototypeOf(of) as object;
  return Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
    .map(([name]) => name);
}
