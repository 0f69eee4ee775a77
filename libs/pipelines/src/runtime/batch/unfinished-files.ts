import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** What stands behind an unfinished file's name; SQLite puts files of its own beside it. */
const UNFINISHED = /\.(\d+)\.[0-9a-f-]{36}\.unfinished(?:-wal|-shm|-journal)?$/;

/** Where a process writes a file until it is whole and gets its name; no other has the same. */
export function unfinished(path: string): string {
  return `${path}.${process.pid}.${randomUUID()}.unfinished`;
}

/**
 * Removes below a folder what processes that were killed had not finished; for a process that has
 * not begun a file yet. Of another process that lives, files may still be finished, and stay.
 *
 * @returns how many files were removed
 */
export async function removeUnfinished(folder: string): Promise<number> {
  let removed = 0;
  for (const name of await names(folder)) {
    const pid = UNFINISHED.exec(name)?.[1];
    if (pid === undefined || livesElsewhere(Number(pid))) continue;
    await rm(join(folder, name), { force: true });
    removed += 1;
  }
  return removed;
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder, { recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** In a container, a process often has the number that the one before it had. */
function livesElsewhere(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
