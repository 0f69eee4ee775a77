/**
 * What one append costs: `node --conditions=source tools/bench/log-append.ts [fsync|os] [seconds]`.
 * Appends batches of 16 KiB with 16 records to 1 and to 12 partitions of a log in a temporary
 * folder and reads them back; prints µs per append (wall and CPU) and MB/s.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultLogConfig, LogManager, silentLogger } from '@penstock/kafka-log';
import { encodeRecordBatch } from '@penstock/kafka-protocol';

const BATCH_RECORDS = 16;
const RECORD_BYTES = 1000;
const READ_BYTES = 1024 * 1024;

const durability = process.argv[2] === 'fsync' ? 'fsync' : 'os';
const seconds = Number(process.argv[3] ?? 3);

console.log(`durability ${durability}, batches of ${batch().length} bytes`);
for (const [partitions, records, size] of [
  [1, BATCH_RECORDS, RECORD_BYTES],
  [12, BATCH_RECORDS, RECORD_BYTES],
  [1, 150, 90],
] as const) {
  const directory = mkdtempSync(join(tmpdir(), 'log-append-'));
  try {
    await measure(directory, partitions, batch(records, size));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function measure(directory: string, partitions: number, template: Buffer): Promise<void> {
  const manager = LogManager.open({ directory, durability, logger: silentLogger });
  const options = { topicId: 'bench', config: defaultLogConfig };
  const logs = Array.from({ length: partitions }, (_, i) =>
    manager.openPartition('bench', i, options),
  );
  const received = Buffer.from(template);
  const started = performance.now();
  const cpu = process.cpuUsage();
  let appends = 0;
  while (performance.now() - started < seconds * 1000) {
    const waits: Promise<void>[] = [];
    for (let i = 0; i < 12; i++) {
      const log = logs[i % partitions]!;
      received.fill(0, 0, 8); // the base offset as a client sends it
      const result = log.append(received, { leaderEpoch: 0, now: Date.now() });
      if (!result.ok) throw new Error(result.message);
      if (durability === 'fsync') waits.push(log.whenDurable(result.lastOffset + 1));
      appends++;
    }
    if (durability === 'fsync') await Promise.all(waits);
  }
  report(`append, ${partitions} partition(s)`, appends, appends * template.length, started, cpu);

  const target = Buffer.allocUnsafe(READ_BYTES);
  const readStarted = performance.now();
  const readCpu = process.cpuUsage();
  let reads = 0;
  let bytes = 0;
  for (const log of logs) {
    for (let offset = 0; offset < log.highWatermark; reads++) {
      const result = log.readInto(target, 0, offset, READ_BYTES);
      if (!result.ok) throw new Error(result.error);
      bytes += result.bytes;
      offset = result.nextOffset;
    }
  }
  report(`read, ${partitions} partition(s)`, reads, bytes, readStarted, readCpu);
  await manager.close();
}

function report(
  name: string,
  count: number,
  bytes: number,
  started: number,
  cpuStarted: NodeJS.CpuUsage,
): void {
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(cpuStarted);
  const each = ((ms * 1000) / count).toFixed(1);
  const cpuEach = ((user + system) / count).toFixed(1);
  const rate = (bytes / 1e6 / (ms / 1000)).toFixed(0);
  console.log(`${name}: ${each} µs each, ${cpuEach} µs CPU each, ${rate} MB/s`);
}

function batch(records = BATCH_RECORDS, size = RECORD_BYTES): Buffer {
  const timestamp = Date.now();
  const value = Buffer.alloc(size, 'x');
  return encodeRecordBatch({
    records: Array.from({ length: records }, () => ({ timestamp, value })),
  });
}
