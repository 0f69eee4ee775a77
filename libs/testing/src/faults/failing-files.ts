import type { Files, FileSystemSpace, OpenMode } from '@penstock/kafka-log';

/** One operation of the port, and what happens at it instead of, or beside, what was asked. */
export interface FilesFault {
  readonly operation:
    | 'open'
    | 'write'
    | 'truncate'
    | 'syncData'
    | 'syncDirectory'
    | 'rename'
    | 'unlink'
    | 'removeDirectory'
    | 'makeDirectory';
  /** Regular expression on the path (of a rename: on the new path). */
  readonly path: string;
  /** Which of those that match: 1 is the first. */
  readonly nth: number;
  /**
   * The process is killed as by `kill -9`: before the operation, after it and before anybody hears
   * of it, or (write) with half of the bytes written. Or it fails from then on, with this code.
   */
  readonly effect: 'killBefore' | 'killAfter' | 'killInside' | { readonly code: string };
}

type Callback = (error: Error | null) => void;

/** Real files at which one operation goes wrong: the exact windows that random kills seldom hit. */
export class FailingFiles implements Files {
  readonly #inner: Files;
  readonly #fault: FilesFault;
  readonly #pattern: RegExp;
  readonly #paths = new Map<number, string>();
  #matches = 0;

  constructor(inner: Files, fault: FilesFault) {
    this.#inner = inner;
    this.#fault = fault;
    this.#pattern = new RegExp(fault.path);
  }

  /** What is to happen at this operation, if anything. @throws the error of the plan */
  #strike(operation: FilesFault['operation'], path: string): FilesFault['effect'] | undefined {
    const { effect, nth } = this.#fault;
    if (operation !== this.#fault.operation || !this.#pattern.test(path)) return undefined;
    this.#matches++;
    if (typeof effect === 'object') {
      if (this.#matches < nth) return undefined;
      const message = `${effect.code}: planned, ${operation} '${path}'`;
      throw Object.assign(new Error(message), { code: effect.code, path });
    }
    if (this.#matches !== nth) return undefined;
    if (effect === 'killBefore') killSelf();
    return effect;
  }

  #now<T>(operation: FilesFault['operation'], path: string, act: () => T): T {
    const effect = this.#strike(operation, path);
    const outcome = act();
    if (effect === 'killAfter') killSelf();
    return outcome;
  }

  #later(
    operation: FilesFault['operation'],
    path: string,
    act: (done: Callback) => void,
    done: Callback,
  ): void {
    let effect: FilesFault['effect'] | undefined;
    try {
      effect = this.#strike(operation, path);
    } catch (error) {
      process.nextTick(done, error as Error);
      return;
    }
    act((error) => {
      if (effect === 'killAfter') killSelf();
      done(error);
    });
  }

  #pathOf(descriptor: number): string {
    return this.#paths.get(descriptor) ?? '';
  }

  open(path: string, mode: OpenMode): number {
    const descriptor = this.#now('open', path, () => this.#inner.open(path, mode));
    this.#paths.set(descriptor, path);
    return descriptor;
  }

  close(descriptor: number): void {
    this.#inner.close(descriptor);
  }

  read(descriptor: number, target: Buffer, start: number, length: number, at: number): number {
    return this.#inner.read(descriptor, target, start, length, at);
  }

  write(descriptor: number, source: Buffer, start: number, length: number, at: number): number {
    const effect = this.#strike('write', this.#pathOf(descriptor));
    if (effect === 'killInside') {
      this.#inner.write(descriptor, source, start, Math.ceil(length / 2), at);
      killSelf();
    }
    const written = this.#inner.write(descriptor, source, start, length, at);
    if (effect === 'killAfter') killSelf();
    return written;
  }

  truncate(descriptor: number, size: number): void {
    this.#now('truncate', this.#pathOf(descriptor), () => this.#inner.truncate(descriptor, size));
  }

  syncData(descriptor: number, done: Callback): void {
    const path = this.#pathOf(descriptor);
    this.#later('syncData', path, (then) => this.#inner.syncData(descriptor, then), done);
  }

  syncDataNow(descriptor: number): void {
    this.#now('syncData', this.#pathOf(descriptor), () => this.#inner.syncDataNow(descriptor));
  }

  syncDirectory(path: string, done: Callback): void {
    this.#later('syncDirectory', path, (then) => this.#inner.syncDirectory(path, then), done);
  }

  syncDirectoryNow(path: string): void {
    this.#now('syncDirectory', path, () => this.#inner.syncDirectoryNow(path));
  }

  rename(from: string, to: string): void {
    this.#now('rename', to, () => this.#inner.rename(from, to));
  }

  unlink(path: string, done: Callback): void {
    this.#later('unlink', path, (then) => this.#inner.unlink(path, then), done);
  }

  unlinkNow(path: string): void {
    this.#now('unlink', path, () => this.#inner.unlinkNow(path));
  }

  makeDirectory(path: string): void {
    this.#now('makeDirectory', path, () => this.#inner.makeDirectory(path));
  }

  removeDirectory(path: string, done: Callback): void {
    this.#later('removeDirectory', path, (then) => this.#inner.removeDirectory(path, then), done);
  }

  list(path: string): string[] | undefined {
    return this.#inner.list(path);
  }

  size(path: string): number | undefined {
    return this.#inner.size(path);
  }

  space(path: string): FileSystemSpace {
    return this.#inner.space(path);
  }

  lock(path: string): ReturnType<Files['lock']> {
    return this.#inner.lock(path);
  }
}

/** The signal to oneself ends the process before the call returns. */
function killSelf(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('a process that was killed goes on');
}
