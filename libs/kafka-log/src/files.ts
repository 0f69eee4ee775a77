/**
 * The file system as a port. Data moves synchronously: a 16 KiB write takes 7 µs this way and 49 µs
 * through the thread pool. What waits for the disk (`syncData`, `syncDirectory`, `unlink`) is
 * asynchronous. Errors are thrown, or given to the callback, as Node's `ErrnoException`s.
 */
export interface Files {
  /**
   * Opens a file and returns its descriptor. `read` needs an existing file; `write` opens one for
   * reading and writing and creates it if missing; `replace` also empties it.
   */
  open(path: string, mode: OpenMode): number;
  close(descriptor: number): void;
  /** Reads up to `length` bytes; returns how many, fewer only at the end of the file. */
  read(descriptor: number, target: Buffer, start: number, length: number, position: number): number;
  /** Writes up to `length` bytes; returns how many were taken. */
  write(
    descriptor: number,
    source: Buffer,
    start: number,
    length: number,
    position: number,
  ): number;
  truncate(descriptor: number, size: number): void;
  /** Makes a file's data and size durable (`fdatasync`). */
  syncData(descriptor: number, done: (error: Error | null) => void): void;
  syncDataNow(descriptor: number): void;
  /** Makes creations, renames and removals in a folder durable. */
  syncDirectory(path: string, done: (error: Error | null) => void): void;
  syncDirectoryNow(path: string): void;
  rename(from: string, to: string): void;
  unlink(path: string, done: (error: Error | null) => void): void;
  unlinkNow(path: string): void;
  makeDirectory(path: string): void;
  /** Removes a folder and what is in it. */
  removeDirectory(path: string, done: (error: Error | null) => void): void;
  /** Names in a folder, in no order; undefined if there is no such folder. */
  list(path: string): string[] | undefined;
  /** Size in bytes, or undefined if there is no such file. */
  size(path: string): number | undefined;
  /** Space of the file system that holds `path`. */
  space(path: string): FileSystemSpace;
  /** How many files the process may have open, its connections included; undefined if unknown. */
  readonly descriptorsMax?: number | undefined;
  /** Takes an exclusive lock that ends with the process; undefined if another holds it. */
  lock(path: string): FileLock | undefined;
}

export type OpenMode = 'read' | 'write' | 'replace';

export interface FileSystemSpace {
  /** What this process may still write. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface FileLock {
  release(): void;
}
