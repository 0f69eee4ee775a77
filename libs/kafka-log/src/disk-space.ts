import type { Clock } from './clock.ts';
import type { Files } from './files.ts';

const RESERVE_BYTES_MAX = 64 * 1024 * 1024;
/** Of the file system, where that is less. */
const RESERVE_SHARE_MAX = 0.05;
/** Others write to the disk, too. */
const LOOK_INTERVAL_MS = 1_000;
const SHORTAGE_INTERVAL_MS = 10_000;

export interface DiskSpaceOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly directory: string;
  /** False: records may take everything there is. */
  readonly keepsReserve: boolean;
}

/**
 * Keeps records from filling the disk to its last byte. What makes room again has to be written,
 * too: log starts raised by retention and DeleteRecords, deletions of topics, and, in a database on
 * the same disk, what consumers commit. A file system says how much is left only by a system call,
 * so what was written since is counted off in between.
 */
export class DiskSpace {
  /** Called when records find no room; at most every ten seconds. */
  onShortage: () => void = () => {};
  readonly #options: DiskSpaceOptions;
  #allowance = 0;
  #lookedAt = -Infinity;
  #shortAt = -Infinity;

  constructor(options: DiskSpaceOptions) {
    this.#options = options;
  }

  /** Takes note of `bytes` about to be written by producers; false if there is no room for them. */
  take(bytes: number): boolean {
    if (!this.#options.keepsReserve) return true;
    const now = this.#options.clock.monotonicNow();
    this.#allowance -= bytes;
    if (this.#allowance < 0 || now - this.#lookedAt >= LOOK_INTERVAL_MS) {
      this.#allowance = this.#available() - bytes;
      this.#lookedAt = now;
    }
    if (this.#allowance >= 0) return true;
    if (now - this.#shortAt >= SHORTAGE_INTERVAL_MS) {
      this.#shortAt = now;
      this.onShortage();
    }
    return false;
  }

  /** True if there is room for `bytes` now. */
  has(bytes: number): boolean {
    return this.#available() >= bytes;
  }

  /** Bytes free besides the reserve; whatever is asked for where the file system does not tell. */
  #available(): number {
    const { files, directory, keepsReserve } = this.#options;
    try {
      const { freeBytes, totalBytes } = files.space(directory);
      const reserve = Math.min(RESERVE_BYTES_MAX, RESERVE_SHARE_MAX * totalBytes);
      return keepsReserve ? freeBytes - reserve : freeBytes;
    } catch {
      return Infinity;
    }
  }
}
