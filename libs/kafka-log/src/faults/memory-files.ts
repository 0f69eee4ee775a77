import type { Clock } from '../clock.ts';
import type { FileLock, Files, FileSystemSpace, OpenMode } from '../files.ts';
import { Inode } from './inode.ts';
import type { Random } from './random.ts';

interface NameChange {
  readonly path: string;
  /** undefined: the name is removed. */
  readonly inode: Inode | undefined;
}

/** Thrown by every operation after the crash. */
export class CrashedError extends Error {
  override readonly name = 'CrashedError';
}

export type FileOperation =
  | 'open'
  | 'read'
  | 'write'
  | 'truncate'
  | 'syncData'
  | 'syncDirectory'
  | 'rename'
  | 'unlink'
  | 'makeDirectory';

/** What a test makes go wrong; called before each operation. */
export type Fault = (operation: FileOperation, path: string) => Error | undefined;

/**
 * A file system in memory that knows which of its bytes and names a crash may take.
 *
 * - After `kill` what was written is there: the page cache outlives the process. A write that was
 *   under way may have got through in part.
 * - After `losePower` a file has what was synced, and of what was written since any sectors, in any
 *   combination; names have what was synced, and a beginning of what was changed since.
 */
export class MemoryFiles implements Files {
  readonly #clock: Clock;
  #names = new Map<string, Inode>();
  #directories = new Set<string>();
  #durableNames = new Map<string, Inode>();
  #nameChanges: NameChange[] = [];
  #descriptors = new Map<number, { path: string; inode: Inode }>();
  #nextDescriptor = 3;
  #locks = new Set<string>();
  #operations = 0;
  #isCrashed = false;
  /** Set to make operations fail. */
  fault: Fault | undefined;
  /** Set to have writes take fewer bytes than they were given, now and then. */
  shortWrites: Random | undefined;
  /** A disk that says it has synced and has not. */
  liesAboutSync = false;
  /** Crash before this operation (counted from 1), in the middle of it if it is a write. */
  crashAt = Infinity;
  syncDelayMs = 0;
  /** Bytes that may be stored in all; writing more fails with ENOSPC. */
  capacityBytes = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get operations(): number {
    return this.#operations;
  }
  get isCrashed(): boolean {
    return this.#isCrashed;
  }
  get openCount(): number {
    return this.#descriptors.size;
  }
  /** All paths of files. */
  get paths(): string[] {
    return [...this.#names.keys()];
  }

  /** Counts another event on this machine as an operation at which it can crash. */
  pass(what: string): void {
    if (this.#isCrashed || ++this.#operations < this.crashAt) return;
    this.#isCrashed = true;
    throw new CrashedError(`crash at ${what}`);
  }

  /** A file's bytes, to look at or to damage. */
  bytesOf(path: string): Buffer {
    return this.#inode(path).content();
  }

  /** Cuts a file as a fault would: unnoticed by the program and for good. */
  damageSize(path: string, size: number): void {
    this.#inode(path).damage((bytes) => bytes.subarray(0, size));
  }

  /** Turns one bit over, on the disk and in the cache. */
  damageBit(path: string, position: number, bit: number): void {
    this.#inode(path).damage((bytes) => {
      bytes[position]! ^= 1 << bit;
      return bytes;
    });
  }

  /** Takes a file away as a fault would. */
  damageRemove(path: string): void {
    this.#names.delete(path);
    this.#durableNames.delete(path);
  }

  /** The files as a new process finds them after this one was killed. */
  kill(): MemoryFiles {
    const next = this.#successor();
    for (const [path, inode] of this.#names) next.#names.set(path, inode);
    next.#durableNames = this.#durableNames;
    next.#nameChanges = this.#nameChanges;
    next.#directories = new Set(this.#directories);
    return next;
  }

  /** The files as they are after the machine lost power. */
  losePower(random: Random): MemoryFiles {
    const next = this.#successor();
    const names = new Map(this.#durableNames);
    const kept = random.below(this.#nameChanges.length + 1);
    for (const { path, inode } of this.#nameChanges.slice(0, kept)) {
      if (inode === undefined) names.delete(path);
      else names.set(path, inode);
    }
    const survivors = new Map<Inode, Inode>();
    for (const [path, inode] of names) {
      const survivor = survivors.get(inode) ?? inode.afterPowerLoss(random);
      survivors.set(inode, survivor);
      next.#names.set(path, survivor);
    }
    next.#durableNames = new Map(next.#names);
    for (const path of next.#names.keys()) next.#addDirectories(path);
    return next;
  }

  open(path: string, mode: OpenMode): number {
    this.#operate('open', path);
    let inode = this.#names.get(path);
    if (inode === undefined) {
      if (mode === 'read') throw failure('ENOENT', path);
      if (!this.#directories.has(parentOf(path))) throw failure('ENOENT', path);
      inode = new Inode();
      this.#rename(path, inode);
    } else if (mode === 'replace') {
      inode.change({ kind: 'truncate', size: 0 });
    }
    const descriptor = this.#nextDescriptor++;
    this.#descriptors.set(descriptor, { path, inode });
    return descriptor;
  }

  close(descriptor: number): void {
    if (this.#isCrashed) return;
    if (!this.#descriptors.delete(descriptor)) throw failure('EBADF', String(descriptor));
  }

  read(
    descriptor: number,
    target: Buffer,
    start: number,
    length: number,
    position: number,
  ): number {
    const { path, inode } = this.#opened(descriptor);
    this.#operate('read', path);
    const end = Math.min(position + length, inode.size);
    return end <= position ? 0 : inode.copy(target, start, position, end);
  }

  write(
    descriptor: number,
    source: Buffer,
    start: number,
    length: number,
    position: number,
  ): number {
    const { path, inode } = this.#opened(descriptor);
    const bytes = Buffer.from(source.subarray(start, start + length));
    if (this.#operations + 1 >= this.crashAt) {
      // A process that is killed may have written only a part of its last write.
      const part = bytes.subarray(0, Math.floor(bytes.length / 2));
      inode.change({ kind: 'write', position, bytes: part });
    }
    this.#operate('write', path);
    const room = this.capacityBytes - this.usedBytes + Math.max(0, inode.size - position);
    if (room <= 0) throw failure('ENOSPC', path);
    const taken = bytes.subarray(0, Math.min(this.#shortened(bytes.length), room));
    inode.change({ kind: 'write', position, bytes: taken });
    return taken.length;
  }

  truncate(descriptor: number, size: number): void {
    const { path, inode } = this.#opened(descriptor);
    this.#operate('truncate', path);
    inode.change({ kind: 'truncate', size });
  }

  syncData(descriptor: number, done: (error: Error | null) => void): void {
    const { path, inode } = this.#opened(descriptor);
    // The sync covers what was written before it was asked for.
    const mark = inode.changeCount;
    this.#later(() => this.#sync(path, inode, mark), done);
  }

  syncDataNow(descriptor: number): void {
    const { path, inode } = this.#opened(descriptor);
    this.#sync(path, inode, inode.changeCount);
  }

  syncDirectory(path: string, done: (error: Error | null) => void): void {
    // As with a descriptor: a directory that is renamed meanwhile is synced all the same.
    const isThere = this.#directories.has(path);
    this.#later(() => {
      if (!isThere) throw failure('ENOENT', path);
      this.#syncNames(path);
    }, done);
  }

  syncDirectoryNow(path: string): void {
    if (!this.#directories.has(path)) throw failure('ENOENT', path);
    this.#syncNames(path);
  }

  #syncNames(path: string): void {
    this.#operate('syncDirectory', path);
    const isInside = ({ path: name }: NameChange): boolean => name.startsWith(`${path}/`);
    for (const change of this.#nameChanges.filter(isInside)) {
      if (change.inode === undefined) this.#durableNames.delete(change.path);
      else this.#durableNames.set(change.path, change.inode);
    }
    this.#nameChanges = this.#nameChanges.filter((change) => !isInside(change));
  }

  rename(from: string, to: string): void {
    this.#operate('rename', from);
    const moved = this.#names.has(from)
      ? [from]
      : [...this.#names.keys()].filter((path) => path.startsWith(`${from}/`));
    if (moved.length === 0 && !this.#directories.has(from)) throw failure('ENOENT', from);
    for (const path of moved) {
      const inode = this.#inode(path);
      const target = to + path.slice(from.length);
      // In this order: no real file system leaves a renamed file without a name.
      this.#rename(target, inode);
      this.#rename(path, undefined);
      this.#addDirectories(target);
    }
    this.#directories.delete(from);
  }

  unlink(path: string, done: (error: Error | null) => void): void {
    this.#later(() => this.unlinkNow(path), done);
  }

  unlinkNow(path: string): void {
    this.#operate('unlink', path);
    this.#inode(path);
    this.#rename(path, undefined);
  }

  makeDirectory(path: string): void {
    this.#operate('makeDirectory', path);
    this.#directories.add(path);
    this.#addDirectories(path);
  }

  removeDirectory(path: string, done: (error: Error | null) => void): void {
    this.#later(() => {
      const inside = [...this.#names.keys()].filter((name) => name.startsWith(`${path}/`));
      for (const name of inside) this.unlinkNow(name);
      this.#directories.delete(path);
    }, done);
  }

  list(path: string): string[] | undefined {
    if (!this.#directories.has(path)) return undefined;
    const all = [...this.#names.keys(), ...this.#directories];
    const inside = all.filter((name) => name.startsWith(`${path}/`));
    return [...new Set(inside.map((name) => name.slice(path.length + 1).split('/')[0]!))];
  }

  size(path: string): number | undefined {
    return this.#names.get(path)?.size;
  }

  space(): FileSystemSpace {
    const totalBytes = this.capacityBytes;
    // Adding up the used bytes takes a while and is not needed without a limit.
    return {
      totalBytes,
      freeBytes: totalBytes === Infinity ? Infinity : totalBytes - this.usedBytes,
    };
  }

  lock(path: string): FileLock | undefined {
    if (this.#locks.has(path)) return undefined;
    this.#locks.add(path);
    return { release: () => this.#locks.delete(path) };
  }

  #successor(): MemoryFiles {
    this.#isCrashed = true;
    return new MemoryFiles(this.#clock);
  }

  #later(action: () => void, done: (error: Error | null) => void): void {
    this.#clock.schedule(this.syncDelayMs, () => {
      if (this.#isCrashed) return;
      try {
        action();
      } catch (error) {
        if (!this.#isCrashed) done(error as Error);
        return;
      }
      done(null);
    });
  }

  #operate(operation: FileOperation, path: string): void {
    if (this.#isCrashed) throw new CrashedError('the process is dead');
    if (operation !== 'read' && ++this.#operations >= this.crashAt) {
      this.#isCrashed = true;
      throw new CrashedError(`crash at ${operation} of ${path}`);
    }
    const error = this.fault?.(operation, path);
    if (error !== undefined) throw error;
  }

  #opened(descriptor: number): { path: string; inode: Inode } {
    if (this.#isCrashed) throw new CrashedError('the process is dead');
    const opened = this.#descriptors.get(descriptor);
    if (opened === undefined) throw failure('EBADF', String(descriptor));
    return opened;
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw failure('ENOENT', path);
    return inode;
  }

  /**
   * A sync that fails leaves its bytes in the cache, marked clean: a later sync succeeds without
   * writing them, and after a power loss the file has whatever the disk happened to have written.
   */
  #sync(path: string, inode: Inode, mark: number): void {
    try {
      this.#operate('syncData', path);
    } catch (error) {
      if (!this.#isCrashed) inode.abandon(mark);
      throw error;
    }
    if (!this.liesAboutSync) inode.makeDurable(mark);
  }

  #shortened(length: number): number {
    const random = this.shortWrites;
    return random?.chance(0.2) === true ? 1 + random.below(length) : length;
  }

  #rename(path: string, inode: Inode | undefined): void {
    if (inode === undefined) this.#names.delete(path);
    else this.#names.set(path, inode);
    this.#nameChanges.push({ path, inode });
  }

  #addDirectories(path: string): void {
    for (let parent = parentOf(path); parent !== ''; parent = parentOf(parent)) {
      this.#directories.add(parent);
    }
  }

  /** Bytes stored in all. */
  get usedBytes(): number {
    let bytes = 0;
    for (const inode of new Set(this.#names.values())) bytes += inode.size;
    return bytes;
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function failure(code: string, path: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`${code}: ${path}`);
  error.code = code;
  return error;
}
