import type { Files, OpenMode } from './files.ts';

/** A file that is opened when it is needed and may be closed when it is not. */
export class PooledFile {
  /** Set by the code that renames the file; the file must be closed at that time. */
  path: string;
  readonly mode: OpenMode;
  /** -1 while closed. Owned by OpenFiles. */
  descriptor = -1;
  /** Order of last use. Owned by OpenFiles. */
  usedAt = 0;
  /** While positive the file stays open: a sync is under way, or writes are not yet synced. */
  pins = 0;

  constructor(path: string, mode: OpenMode) {
    this.path = path;
    this.mode = mode;
  }
}

/**
 * A bounded set of open files: 10,000 partitions must not take 10,000 descriptors. The least
 * recently used are closed, a quarter of the set at a time so that the search pays.
 *
 * A file with unsynced writes is pinned: the kernel reports a write-back error to the descriptor
 * that was open at the time, not to one opened later.
 */
export class OpenFiles {
  readonly #files: Files;
  readonly #countMax: number;
  readonly #open = new Set<PooledFile>();
  #uses = 0;

  constructor(files: Files, countMax: number) {
    this.#files = files;
    this.#countMax = countMax;
  }

  get count(): number {
    return this.#open.size;
  }

  /** The file's descriptor, valid until the next call. */
  descriptor(file: PooledFile): number {
    file.usedAt = ++this.#uses;
    if (file.descriptor >= 0) return file.descriptor;
    if (this.#open.size >= this.#countMax) this.#evict();
    file.descriptor = this.#openFile(file);
    this.#open.add(file);
    return file.descriptor;
  }

  /** Closes other files if the process is out of descriptors: connections take them too. */
  #openFile(file: PooledFile): number {
    for (;;) {
      try {
        return this.#files.open(file.path, file.mode);
      } catch (error) {
        const before = this.#open.size;
        if (isOutOfDescriptors(error)) this.#evict();
        if (this.#open.size === before) throw error;
      }
    }
  }

  close(file: PooledFile): void {
    if (file.descriptor < 0) return;
    const descriptor = file.descriptor;
    file.descriptor = -1;
    this.#open.delete(file);
    this.#files.close(descriptor);
  }

  closeAll(): void {
    for (const file of this.#open) this.close(file);
  }

  #evict(): void {
    const idle = [...this.#open].filter((file) => file.pins === 0);
    idle.sort((a, b) => a.usedAt - b.usedAt);
    const count = Math.max(1, idle.length >> 2);
    for (const file of idle.slice(0, count)) this.close(file);
  }
}

/** The file and the disk are sound: opening works again once other descriptors are closed. */
export function isOutOfDescriptors(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EMFILE' || code === 'ENFILE';
}
