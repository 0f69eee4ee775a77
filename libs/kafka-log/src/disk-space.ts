import type { Clock } from './clock.ts';
import type { Files } from './files.ts';

const RESERVE_BYTES_MAX = 64 * 1024 * 1024;
/** Share of the file system, where that is less. */
const RESERVE_SHARE_MAX = 0.05;
/** The free space is read again after this time: other programs write to the disk, too. */
const LOOK_INTERVAL_MS = 1_000;
const SHORTAGE_INTERVAL_MS = 10_000;

export interface DiskSpaceOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly directory: string;
  /** False: records may fill the disk. */
  readonly keepsReserve: boolean;
}

/**
 * Keeps records from filling the disk to its last byte. Freeing space needs writes, too: log starts
 * raised by retention and DeleteRecords, deletions of topics, and, in a database on the same disk,
 * the offsets that consumers commit. Reading the free space takes a system call, so the bytes
 * written since the last one are subtracted instead.
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

  /** Free bytes beyond the reserve; Infinity if the file system does not tell. */
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
