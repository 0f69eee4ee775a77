import type { LogPoint } from './log-segments.ts';
import type { LogServices } from './log-services.ts';
import type { Segment } from './segment.ts';
import { readAll, writeAll } from './whole-file.ts';

const CHUNK_SIZE = 1024 * 1024;

/**
 * Makes durable what a former run left behind the durable end, before anything of it is served.
 *
 * Readers had seen some of it as durable: the checkpoint lags. Until it is durable again the high
 * watermark would lie below what they saw, and who reads to the end would stop short. It is
 * written once more and then synced, because a sync alone says nothing here: if one failed before,
 * the kernel has taken its pages for clean, and the next succeeds without having written them.
 *
 * @param durable where what is known to be durable ends
 * @throws the file system's error
 */
export function settleTail(
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
