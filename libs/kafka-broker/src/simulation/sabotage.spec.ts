import { firstFailure, Violation } from '@penstock/kafka-log/faults';
import { PartitionLog } from '@penstock/kafka-log';
import { afterEach, expect, test } from 'vitest';
import type { MetadataStore } from '../metadata/metadata-store.ts';
import { GroupOffsets } from '../groups/group-offsets.ts';
import { runBrokerSchedule } from './broker-schedule.ts';
import type { Sabotage } from './broker-world.ts';

/** Within so many schedules a fault in the product must be found. */
const SEEDS_MAX = 60;

let restore = (): void => {};
afterEach(() => restore());

function replace(prototype: object, name: string, as: PropertyDescriptor): void {
  const original = Object.getOwnPropertyDescriptor(prototype, name)!;
  Object.defineProperty(prototype, name, { configurable: true, ...as });
  restore = () => Object.defineProperty(prototype, name, original);
}

/** @param firstSeed for what shows in few schedules: those before it cost time and show nothing */
async function expectFound(
  durability: 'fsync' | 'os',
  sabotage: Sabotage = {},
  firstSeed = 1,
): Promise<void> {
  const play = (seed: number) => runBrokerSchedule({ seed, durability, sabotage });
  const found = await firstFailure(SEEDS_MAX, play, firstSeed);
  expect(found?.error).toBeInstanceOf(Violation);
}

test('a disk that lies about syncs is found', () =>
  expectFound('fsync', {
    files: (files) => {
      files.liesAboutSync = true;
      return files;
    },
  }));

test('answering a producer before the disk has it is found', () => {
  replace(PartitionLog.prototype, 'whenDurable', { value: () => Promise.resolve() });
  return expectFound('fsync');
});

test('answering a reader with batches that hold no record for it is found', () => {
  const original = PartitionLog.prototype.readInto;
  replace(PartitionLog.prototype, 'readInto', {
    value(this: PartitionLog, ...args: Parameters<typeof original>) {
      const { segments } = this.state;
      segments.read = (read) => {
        const found = segments.readFrom(read.offset, { ...read, mayLackRecords: true });
        return 'noRecordsBefore' in found ? { ok: true, bytes: 0, nextOffset: read.offset } : found;
      };
      return original.apply(this, args);
    },
  });
  return expectFound('fsync', {}, 30);
});

test('telling an end below what was acknowledged is found', () => {
  replace(PartitionLog.prototype, 'noteAcknowledged', { value: () => {} });
  return expectFound('fsync');
});

test('answering a commit before the database has it is found', () =>
  expectFound('fsync', { store: (store) => hasty(store, 'writeGroups') }, 50));

test('answering a creation or deletion before the database has it is found', () =>
  expectFound(
    'fsync',
    { store: (store) => hasty(hasty(store, 'createTopic'), 'markTopicDeleted') },
    40,
  ));

test('giving out an older committed offset is found', () => {
  const original = GroupOffsets.prototype.fetch;
  replace(GroupOffsets.prototype, 'fetch', {
    value(this: GroupOffsets, ...args: Parameters<typeof original>) {
      const found = original.apply(this, args);
      return found && { ...found, offset: Math.max(0, found.offset - 1) };
    },
  });
  return expectFound('os');
});

/** A store that answers one kind of write before it has done it. */
function hasty(store: MetadataStore, name: keyof MetadataStore): MetadataStore {
  return new Proxy(store, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'function') return value;
      const method = (value as (...given: unknown[]) => Promise<unknown>).bind(target);
      if (property !== name) return method;
      return (...args: unknown[]) => {
        method(...args).catch(() => {});
        return Promise.resolve();
      };
    },
  });
}
