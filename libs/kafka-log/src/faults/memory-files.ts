import type { Clock } from '../clock.ts';
import type { FileLock, Files, OpenMode } from '../files.ts';
import type { Random } from './random.ts';

/** What a disk writes as one piece. */
const SECTOR_SIZE = 512;

type Change =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly size: number };

/** A file's content: as it is, and what of it a power loss is sure to leave. */
class Inode {
  data = Buffer.alloc(0);
  size = 0;
  durable = Buffer.alloc(0);
  /** Since the last sync, in order. */
  changes: Change[] = [];

  apply(change: Change): void {
    if (change.kind === 'truncate') {
      if (change.size > this.size) this.#grow(change.size);
      this.data.fill(0, change.size, this.size);
      this.size = change.size;
      return;
    }
    const end = change.position + change.bytes.length;
    if (end > this.size) this.#grow(end);
    change.bytes.copy(this.data, change.position);
  }

  content(): Buffer {
    return this.data.subarray(0, this.size);
  }

  #grow(size: number): void {
    if (size > this.data.length) {
      const larger = Buffer.alloc(Math.max(size, this.data.length * 2));
      this.data.copy(larger, 0, 0, this.size);
      this.data = larger;
    }
    this.size = size;
  }
}

interface NameChange {
  readonly path: string;
  /** undefined: the name goes. */
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

  /** A file's bytes, to look at or to damage. */
  bytesOf(path: string): Buffer {
    return this.#inode(path).content();
  }

  /** Cuts a file as a fault would: behind the program's back, and for good. */
  damageSize(path: string, size: number): void {
    const inode = this.#inode(path);
    inode.apply({ kind: 'truncate', size });
    inode.durable = Buffer.from(inode.content());
    inode.changes = [];
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
      const survivor = survivors.get(inode) ?? afterPowerLoss(inode, random);
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
      this.#change(inode, { kind: 'truncate', size: 0 });
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
    return end <= position ? 0 : inode.data.copy(target, start, position, end);
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
      // The last write of a process that is killed may be a part of itself.
      const part = bytes.subarray(0, Math.floor(bytes.length / 2));
      this.#change(inode, { kind: 'write', position, bytes: part });
    }
    this.#operate('write', path);
    const room = this.capacityBytes - this.#usedBytes() + Math.max(0, inode.size - position);
    if (room <= 0) throw failure('ENOSPC', path);
    const taken = bytes.subarray(0, Math.min(bytes.length, room));
    this.#change(inode, { kind: 'write', position, bytes: taken });
    return taken.length;
  }

  truncate(descriptor: number, size: number): void {
    const { path, inode } = this.#opened(descriptor);
    this.#operate('truncate', path);
    this.#change(inode, { kind: 'truncate', size });
  }

  syncData(descriptor: number, done: (error: Error | null) => void): void {
    const { path, inode } = this.#opened(descriptor);
    const count = inode.changes.length;
    this.#later(() => {
      // What was written when the sync was asked for; later writes may or may not be.
      this.#operate('syncData', path);
      makeDurable(inode, Math.min(count, inode.changes.length));
    }, done);
  }

  syncDataNow(descriptor: number): void {
    const { path, inode } = this.#opened(descriptor);
    this.#operate('syncData', path);
    makeDurable(inode, inode.changes.length);
  }

  syncDirectory(path: string, done: (error: Error | null) => void): void {
    this.#later(() => this.syncDirectoryNow(path), done);
  }

  syncDirectoryNow(path: string): void {
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
      this.#rename(path, undefined);
      this.#rename(target, inode);
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

  freeBytes(): number {
    return this.capacityBytes - this.#usedBytes();
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

  #change(inode: Inode, change: Change): void {
    inode.apply(change);
    inode.changes.push(change);
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

  #usedBytes(): number {
    let bytes = 0;
    for (const inode of new Set(this.#names.values())) bytes += inode.size;
    return bytes;
  }
}

function makeDurable(inode: Inode, count: number): void {
  const settled = new Inode();
  settled.apply({ kind: 'write', position: 0, bytes: inode.durable });
  for (const change of inode.changes.splice(0, count)) settled.apply(change);
  inode.durable = Buffer.from(settled.content());
}

function afterPowerLoss(inode: Inode, random: Random): Inode {
  const survivor = new Inode();
  survivor.apply({ kind: 'write', position: 0, bytes: inode.durable });
  // Sometimes all of it, or none, or a beginning; and sometimes any of its sectors.
  const share = random.pick([0, 1, random.next()]);
  for (const change of inode.changes) {
    if (change.kind === 'truncate') {
      if (random.chance(share)) survivor.apply(change);
      continue;
    }
    for (let at = 0; at < change.bytes.length; at += SECTOR_SIZE) {
      if (!random.chance(share)) continue;
      const bytes = change.bytes.subarray(at, at + SECTOR_SIZE);
      survivor.apply({ kind: 'write', position: change.position + at, bytes });
    }
  }
  survivor.durable = Buffer.from(survivor.content());
  return survivor;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function failure(code: string, path: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`${code}: ${path}`);
  error.code = code;
  return error;
}
