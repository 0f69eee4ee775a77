import type { Files } from './files.ts';
import { writeAll } from './whole-file.ts';

/**
 * Replaces a file so that a crash at any point leaves either the whole old file or the whole new
 * one: the content is written to `<path>.new`, synced and renamed, and the folder is synced too.
 * Without the first sync a power loss could leave the new name on an empty file.
 */
export interface Replacement {
  readonly directory: string;
  /** In `directory`. */
  readonly path: string;
  readonly content: Buffer;
}

/** Waits for the disk. @throws Error of the file system; the old file is then still there */
export function replaceFileNow(files: Files, replacement: Replacement): void {
  files.close(replaceFileOpen(files, replacement));
}

/** The same, for a file that stays open for writing: returns its descriptor. */
export function replaceFileOpen(files: Files, { directory, path, content }: Replacement): number {
  const descriptor = files.open(`${path}.new`, 'replace');
  try {
    writeAll(files, descriptor, content, 0);
    files.syncDataNow(descriptor);
    files.rename(`${path}.new`, path);
    files.syncDirectoryNow(directory);
    return descriptor;
  } catch (error) {
    files.close(descriptor);
    throw error;
  }
}

/**
 * The same without blocking the event loop; at most one call per path may be under way.
 * @param isWanted asked after the first sync: false leaves the old file, and `<path>.new` beside it
 * @returns whether the file was replaced
 * @throws Error of the file system
 */
export async function replaceFile(
  files: Files,
  { directory, path, content }: Replacement,
  isWanted: () => boolean,
): Promise<boolean> {
  const descriptor = files.open(`${path}.new`, 'replace');
  try {
    writeAll(files, descriptor, content, 0);
    await settled((done) => files.syncData(descriptor, done));
  } finally {
    files.close(descriptor);
  }
  if (!isWanted()) return false;
  files.rename(`${path}.new`, path);
  await settled((done) => files.syncDirectory(directory, done));
  return true;
}

function settled(start: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === null ? resolve() : reject(error)));
  });
}
