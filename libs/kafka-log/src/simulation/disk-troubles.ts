import type { FileOperation, MemoryFiles } from '../faults/memory-files.ts';
import type { Random } from '../faults/random.ts';
import type { Trace } from '../faults/trace.ts';

/** Faults that the disk has for a while; a random draw begins and ends them. */
export class DiskTroubles {
  readonly #random: Random;
  readonly #trace: Trace;
  readonly #failsSyncs: boolean;
  #failingSyncs = 0;
  #failingReads = 0;
  #failingNames = 0;

  constructor(random: Random, trace: Trace, failsSyncs: boolean) {
    this.#random = random;
    this.#trace = trace;
    this.#failsSyncs = failsSyncs;
  }

  /** Begins a fault, or ends all of them. */
  change(files: MemoryFiles): void {
    const random = this.#random;
    const trouble = random.pick([
      ...(['none', 'full', 'short writes', 'sync', 'reads', 'names', 'slow'] as const),
    ]);
    this.#trace.add(`disk: ${trouble}`);
    switch (trouble) {
      case 'none':
        return this.end(files);
      case 'full':
        files.capacityBytes = files.usedBytes + random.below(2000);
        return undefined;
      case 'short writes':
        files.shortWrites = random;
        return undefined;
      case 'sync':
        // One sync fails, or all from now on.
        this.#failingSyncs = this.#failsSyncs ? random.pick([1, Infinity]) : 0;
        return this.#arm(files);
      case 'reads':
        this.#failingReads = 1 + random.below(3);
        return this.#arm(files);
      case 'names':
        this.#failingNames = 1 + random.below(3);
        return this.#arm(files);
      case 'slow':
        files.syncDelayMs = random.pick([1, 50, 400]);
        return undefined;
    }
  }

  /** Ends all faults. */
  end(files: MemoryFiles): void {
    this.#failingSyncs = 0;
    this.#failingReads = 0;
    this.#failingNames = 0;
    files.fault = undefined;
    files.shortWrites = undefined;
    files.capacityBytes = Infinity;
  }

  #arm(files: MemoryFiles): void {
    files.fault = (operation, path) => {
      const isSync = operation === 'syncData' || operation === 'syncDirectory';
      if (isSync && this.#failingSyncs > 0) {
        this.#failingSyncs--;
        return ioError(path);
      }
      if (operation === 'read' && path.endsWith('.log') && this.#failingReads > 0) {
        this.#failingReads--;
        return ioError(path);
      }
      if (NAMES.has(operation) && this.#failingNames > 0 && this.#random.chance(0.5)) {
        this.#failingNames--;
        return ioError(path);
      }
      return undefined;
    };
  }
}

/** What changes or looks up names, and sizes. */
const NAMES: ReadonlySet<FileOperation> = new Set([
  'open',
  'rename',
  'unlink',
  'truncate',
  'makeDirectory',
]);

function ioError(path: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`EIO: ${path}`);
  error.code = 'EIO';
  return error;
}
