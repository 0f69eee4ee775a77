import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rm,
  statSync,
  statfsSync,
  unlink,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { FileLock, Files, FileSystemSpace, OpenMode } from './files.ts';
import { isOutOfDescriptors } from './open-files.ts';

const RETRY_MS = 20;

/** The real file system: the only module that knows node:fs. */
export class NodeFiles implements Files {
  open(path: string, mode: OpenMode): number {
    if (mode === 'read') return openSync(path, 'r');
    if (mode === 'replace') return openSync(path, 'w+');
    // 'r+' refuses to create, 'a+' refuses to write at a position: O_RDWR | O_CREAT has no name.
    try {
      return openSync(path, 'r+');
    } catch (error) {
      if (!isMissing(error)) throw error;
      return openSync(path, 'wx+');
    }
  }

  close(descriptor: number): void {
    closeSync(descriptor);
  }

  read(
    descriptor: number,
    target: Buffer,
    start: number,
    length: number,
    position: number,
  ): number {
    return readSync(descriptor, target, start, length, position);
  }

  write(
    descriptor: number,
    source: Buffer,
    start: number,
    length: number,
    position: number,
  ): number {
    return writeSync(descriptor, source, start, length, position);
  }

  truncate(descriptor: number, size: number): void {
    ftruncateSync(descriptor, size);
  }

  syncData(descriptor: number, done: (error: Error | null) => void): void {
    fdatasync(descriptor, done);
  }

  syncDataNow(descriptor: number): void {
    fdatasyncSync(descriptor);
  }

  syncDirectory(path: string, done: (error: Error | null) => void): void {
    let descriptor: number;
    try {
      descriptor = openSync(path, 'r');
    } catch (error) {
      // A failure would take the partition offline; out of descriptors, it is enough to retry.
      if (isOutOfDescriptors(error)) setTimeout(() => this.syncDirectory(path, done), RETRY_MS);
      else process.nextTick(done, error as Error);
      return;
    }
    fsync(descriptor, (error) => {
      closeSync(descriptor);
      done(error);
    });
  }

  syncDirectoryNow(path: string): void {
    const descriptor = openSync(path, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  rename(from: string, to: string): void {
    renameSync(from, to);
  }

  unlink(path: string, done: (error: Error | null) => void): void {
    unlink(path, done);
  }

  unlinkNow(path: string): void {
    unlinkSync(path);
  }

  makeDirectory(path: string): void {
    mkdirSync(path, { recursive: true });
  }

  removeDirectory(path: string, done: (error: Error | null) => void): void {
    rm(path, { recursive: true, force: true }, done);
  }

  list(path: string): string[] | undefined {
    try {
      return readdirSync(path);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  size(path: string): number | undefined {
    return statSync(path, { throwIfNoEntry: false })?.size;
  }

  get descriptorsMax(): number | undefined {
    try {
      const limits = readFileSync('/proc/self/limits', 'latin1');
      const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
      return soft === undefined ? undefined : Number(soft);
    } catch {
      return undefined;
    }
  }

  space(path: string): FileSystemSpace {
    const { bavail, blocks, bsize } = statfsSync(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  }

  /**
   * Node has no flock. SQLite takes a POSIX record lock on its file, which the kernel releases when
   * the process ends in whatever way; a file with a process id in it would need guessing whether
   * that id is still the same process.
   */
  lock(path: string): FileLock | undefined {
    const database = new DatabaseSync(path);
    try {
      database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      if (/locked|busy/.test((error as Error).message)) return undefined;
      throw error;
    }
    return { release: () => database.close() };
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
