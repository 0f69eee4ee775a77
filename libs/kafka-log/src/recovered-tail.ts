import type { LogPoint } from './log-segments.ts';
import type { LogServices } from './log-services.ts';
import type { Segment } from './segment.ts';
import { readAll, writeAll } from './whole-file.ts';

const CHUNK_SIZE = 1024 * 1024;

/**
 * Makes durable what a previous run left above the durable end, before any of it is served.
 *
 * The checkpoint lags, so readers may have seen some of it. Until it is known to be durable again,
 * the high watermark would lie below what they saw, and a reader that reads to the end would stop
 * too early. It is written again and then synced, because a sync alone proves nothing: if one
 * failed before, the kernel has marked the pages clean, and the next succeeds without writing them.
 *
 * @param durable where what is known to be durable ends
 * @throws the file system's error
 */
export function rewriteTail(
  { files, directory }: LogServices,
  folder: string,
  unsynced: readonly Segment[],
  durable: LogPoint,
): void {
  for (const segment of unsynced) {
    const descriptor = segment.descriptor();
    const end = segment.sizeBytes;
    let position = segment === durable.segment ? durable.position : 0;
    while (position < end) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_SIZE, end - position));
      const read = readAll(files, descriptor, chunk, 0, chunk.length, position);
      if (read === 0) break;
      writeAll(files, descriptor, chunk.subarray(0, read), position);
      position += read;
    }
    files.syncDataNow(descriptor);
  }
  files.syncDirectoryNow(folder);
  files.syncDirectoryNow(directory);
}
