import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { batchOf } from './faults/log-world.ts';
import { defaultLogConfig } from './log-config.ts';
import { LogManager } from './log-manager.ts';
import { silentLogger } from './logger.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kafka-log-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = () => LogManager.open({ directory, durability: 'fsync', logger: silentLogger });

/** A partition of the topic `id` with one record of the producer 41. */
async function write(manager: LogManager, topicId: string) {
  const log = manager.openPartition('orders', 0, { topicId, config: defaultLogConfig });
  const batch = batchOf(['a'], {
    timestamp: Date.now(),
    producerId: 41,
    producerEpoch: 0,
    baseSequence: 0,
  });
  const result = log.append(batch, { leaderEpoch: 0, now: Date.now() });
  if (!result.ok) throw new Error(result.message);
  await log.whenDurable(1);
  return log;
}

it('a folder of another topic of the same name is not deleted', async () => {
  let manager = open();
  await write(manager, 'new');
  await manager.close();
  manager = open();
  await manager.deletePartition('orders', 0, 'old');
  expect(manager.partitionsOnDisk()).toEqual([{ topic: 'orders', partition: 0, topicId: 'new' }]);
  await manager.deletePartition('orders', 0, 'new');
  expect(manager.partitionsOnDisk()).toEqual([]);
  await manager.close();
});

it('tells of folders that nobody asked for, and of the producer ids in a log', async () => {
  let manager = open();
  await write(manager, 'id');
  expect(manager.unopenedPartitions).toEqual([]);
  await manager.close();
  manager = open();
  expect(manager.unopenedPartitions).toEqual([{ topic: 'orders', partition: 0 }]);
  const log = manager.openPartition('orders', 0, { topicId: 'id', config: defaultLogConfig });
  expect(manager.unopenedPartitions).toEqual([]);
  expect(log.producerIdMax).toBe(41);
  await manager.close();
  expect(existsSync(join(directory, 'orders-0'))).toBe(true);
});
