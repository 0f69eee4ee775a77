import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '@penstock/testing';

export interface Filling {
  readonly topic: string;
  readonly partitions: number;
  readonly recordBytes: number;
  /** Of record values, at least; `Infinity` for as much as fits into the time. */
  readonly bytes: number;
  readonly seconds?: number;
}

const BATCH_BYTES = 16 * 1024;
const DEADLINE_MS = 300_000;

/** Writes a topic as fast as the broker takes it, with batches as Kafka's producer makes them. */
export async function fillTopic(port: number, filling: Filling): Promise<void> {
  const script = join(import.meta.dirname, 'fill.ts');
  const load = { port, batchBytes: BATCH_BYTES, seconds: 300, ...filling };
  const args = ['--conditions=source', script, JSON.stringify(load)];
  await run(process.execPath, args, { deadlineMs: DEADLINE_MS });
}

/**
 * Makes the system forget the pages of a topic's files: written out, then dropped by
 * `posix_fadvise(POSIX_FADV_DONTNEED)`, which `dd` calls for `nocache`.
 */
export async function dropFromCache(logFolder: string, topic: string): Promise<void> {
  for (const folder of readdirSync(logFolder)) {
    if (folder.slice(0, folder.lastIndexOf('-')) !== topic) continue;
    for (const file of readdirSync(join(logFolder, folder))) {
      if (!file.endsWith('.log')) continue;
      const path = join(logFolder, folder, file);
      await run('dd', [`of=${path}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0']);
    }
  }
}
