import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { batchOf, readAllBatches } from './faults/log-world.ts';
import { defaultLogConfig } from './log-config.ts';
import { DataFolderLockedError, LogManager } from './log-manager.ts';
import { silentLogger } from './logger.ts';
import { NodeFiles } from './node-files.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kafka-log-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function open(): LogManager {
  return LogManager.open({ directory, durability: 'fsync', logger: silentLogger });
}

const options = { topicId: 'id', config: { ...defaultLogConfig, segmentBytes: 2000 } };

describe('on the real file system', () => {
  it('a log is written, synced, closed, opened again and read', async () => {
    const written: Buffer[] = [];
    let manager = open();
    for (let run = 0; run < 3; run++) {
      const log = manager.openPartition('orders', 0, options);
      for (let i = 0; i < 30; i++) {
        const batch = batchOf([`run ${run}, value ${i}`], { timestamp: Date.now() });
        const result = log.append(batch, { leaderEpoch: 0, now: Date.now() });
        if (!result.ok) throw new Error(result.message);
        written.push(batch);
        if (i === 29) await log.whenDurable(result.lastOffset + 1);
      }
      expect(readAllBatches(log, 0, 500).equals(Buffer.concat(written))).toBe(true);
      await manager.close();
      manager = open();
      expect(manager.cleanStart).toBe(true);
      const again = manager.openPartition('orders', 0, options);
      expect(readAllBatches(again, 0).equals(Buffer.concat(written))).toBe(true);
    }
    await manager.deletePartition('orders', 0);
    expect(manager.partitionsOnDisk()).toEqual([]);
    await manager.close();
  });

  it('the lock keeps out others in this process and in another, and ends with its holder', async () => {
    const manager = open();
    expect(open).toThrow(DataFolderLockedError);
    const script = join(directory, 'second.mjs');
    writeFileSync(
      script,
      `import { NodeFiles } from ${JSON.stringify(new URL('./node-files.ts', import.meta.url).href)};
       const lock = new NodeFiles().lock(${JSON.stringify(join(directory, '.lock'))});
       process.stdout.write(lock === undefined ? 'locked' : 'free');
       process.kill(process.pid, 'SIGKILL');`,
    );
    const second = (): string => {
      try {
        return execFileSync(process.execPath, [script], { stdio: 'pipe' }).toString();
      } catch (error) {
        return (error as { stdout: Buffer }).stdout.toString();
      }
    };
    expect(second()).toBe('locked');
    await manager.close();
    expect(second()).toBe('free');
    expect(new NodeFiles().lock(join(directory, '.lock'))).toBeDefined();
  });
});
