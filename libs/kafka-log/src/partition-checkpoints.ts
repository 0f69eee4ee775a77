/**
 * What must be known of each partition after a crash: how far its log is durable, and where it
 * starts. One journal for all partitions, `partitions.checkpoint`: an entry is appended whenever a
 * value has risen, the last entry of a partition counts, and the file is rewritten when it has
 * grown. An entry is written after the sync it describes, so it may lag but is never ahead: after a
 * kill it lags by writes not yet acknowledged, after a power loss by up to the sync interval.
 *
 * Format, version 1, big-endian:
 *
 *   header, 8 bytes: magic u32 'PSLC' | version u16 | reserved u16
 *   entry: CRC-32 u32 over the rest of the entry | entry size u16 | key size u16
 *          log start i64 | durable end i64 | segment base i64 | position in segment u32 | key
 *
 * The key is `<topic>-<partition>/<topic id>`; a durable end of -1 says that the partition is gone.
 * Migration: another version is refused at the start, so that nothing is taken for missing.
 */
import { crc32 } from 'node:zlib';
import { replaceFileOpen } from './atomic-file.ts';
import type { Clock, Timer } from './clock.ts';
import type { Files } from './files.ts';
import { readInt64, writeInt64 } from './int64.ts';
import type { Logger } from './logger.ts';
import { readFile, writeAll } from './whole-file.ts';

const MAGIC = 0x50534c43;
const VERSION = 1;
const HEADER_SIZE = 8;
const ENTRY_PREFIX_SIZE = 36;
const REWRITE_BYTES_MIN = 4 * 1024 * 1024;

export interface PartitionCheckpoint {
  readonly logStartOffset: number;
  /** Everything below was synced; it ends at `position` in the segment `segmentBase`. */
  readonly durableEndOffset: number;
  readonly segmentBase: number;
  readonly position: number;
}

export interface PartitionCheckpointsOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly directory: string;
  /** Longest time between an entry and its sync. */
  readonly syncIntervalMs: number;
}

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

export class PartitionCheckpoints {
  readonly #options: PartitionCheckpointsOptions;
  readonly #path: string;
  readonly #checkpoints = new Map<string, PartitionCheckpoint>();
  #pending: Buffer[] = [];
  #descriptor = -1;
  #size = 0;
  #rewrittenSize = 0;
  /** Entries written and not synced. */
  #unsynced = false;
  #syncing = false;
  /** A sync has failed: it is unknown how much of the file is on the disk. */
  #isDoubtful = false;
  #timer: Timer | undefined;
  #waiters: Waiter[] = [];
  #closed = false;
  #isComplete = false;

  constructor(options: PartitionCheckpointsOptions) {
    this.#options = options;
    this.#path = `${options.directory}/partitions.checkpoint`;
  }

  /** Reads the file of the previous run and replaces it. */
  open(): void {
    const { files } = this.#options;
    if (files.size(this.#path) !== undefined) this.#read();
    this.#rewrite();
  }

  /**
   * True if the file of the previous run was whole: then a partition without an entry never had
   * anything synced. Otherwise nothing is known of such a partition.
   */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  get(key: string): PartitionCheckpoint | undefined {
    return this.#checkpoints.get(key);
  }

  set(key: string, checkpoint: PartitionCheckpoint): void {
    this.#checkpoints.set(key, checkpoint);
    this.#pending.push(encode(key, checkpoint));
  }

  remove(key: string): void {
    if (!this.#checkpoints.delete(key)) return;
    const gone = { logStartOffset: 0, durableEndOffset: -1, segmentBase: 0, position: 0 };
    this.#pending.push(encode(key, gone));
  }

  /** Writes the new entries; they are synced within the interval. */
  write(): void {
    if (this.#closed) return;
    if (this.#isDoubtful) this.#tryRewrite();
    if (this.#pending.length === 0) return;
    const entries = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending);
    try {
      writeAll(this.#options.files, this.#descriptor, entries, this.#size);
    } catch (error) {
      // The checkpoint may lag: the entries wait for the next write, when the disk may have room.
      this.#options.logger.warn({ err: error }, 'the checkpoint of the partitions was not written');
      this.#pending = [entries];
      return;
    }
    this.#pending = [];
    this.#size += entries.length;
    this.#unsynced = true;
    if (this.#size > REWRITE_BYTES_MIN + 2 * this.#rewrittenSize) this.#tryRewrite();
    this.#timer ??= this.#options.clock.schedule(this.#options.syncIntervalMs, () => {
      this.#timer = undefined;
      this.#sync();
    });
  }

  /** Resolves when everything set so far survives a power loss. */
  whenSynced(): Promise<void> {
    this.write();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#sync();
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.write();
    this.#closed = true;
    if (this.#descriptor < 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    try {
      this.#options.files.syncDataNow(this.#descriptor);
    } catch (error) {
      for (const waiter of waiters) waiter.reject(error as Error);
      throw error;
    } finally {
      this.#options.files.close(this.#descriptor);
      this.#descriptor = -1;
    }
    this.#answer(waiters);
  }

  /** Resolves the waiters if all entries were written, otherwise rejects them. */
  #answer(waiters: readonly Waiter[]): void {
    const isWritten = this.#pending.length === 0 && !this.#isDoubtful;
    for (const waiter of waiters) {
      if (isWritten) waiter.resolve();
      else waiter.reject(new Error('the checkpoint cannot be written'));
    }
  }

  #sync(): void {
    if (this.#syncing || this.#closed) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    if (this.#pending.length > 0 || this.#isDoubtful || !this.#unsynced) {
      this.#answer(waiters);
      return;
    }
    this.#syncing = true;
    this.#unsynced = false;
    this.#options.files.syncData(this.#descriptor, (error) => {
      this.#syncing = false;
      if (error !== null) {
        this.#isDoubtful = true;
        this.#options.logger.error(
          { err: error },
          'the checkpoint of the partitions is not durable',
        );
      }
      for (const waiter of waiters) {
        if (error === null) waiter.resolve();
        else waiter.reject(error);
      }
      if (this.#waiters.length === 0) return;
      // Write entries set meanwhile first: `#sync` rejects the waiters while entries are pending.
      this.write();
      this.#sync();
    });
  }

  #tryRewrite(): void {
    if (this.#syncing) return; // the descriptor is in use; the next write asks again
    try {
      this.#rewrite();
    } catch (error) {
      this.#options.logger.warn(
        { err: error },
        'the checkpoint of the partitions keeps its old file',
      );
    }
  }

  /** Replaces the file by one with a single entry per partition. */
  #rewrite(): void {
    const { files, directory } = this.#options;
    const header = Buffer.alloc(HEADER_SIZE);
    header.writeUInt32BE(MAGIC, 0);
    header.writeUInt16BE(VERSION, 4);
    const entries = [...this.#checkpoints].map(([key, checkpoint]) => encode(key, checkpoint));
    const content = Buffer.concat([header, ...entries]);
    const descriptor = replaceFileOpen(files, { directory, path: this.#path, content });
    if (this.#descriptor >= 0) files.close(this.#descriptor);
    this.#descriptor = descriptor;
    this.#size = content.length;
    this.#rewrittenSize = content.length;
    this.#unsynced = false;
    this.#isDoubtful = false;
    this.#pending = [];
  }

  #read(): void {
    const { files, logger } = this.#options;
    const bytes = readFile(files, this.#path);
    if (bytes.length < HEADER_SIZE || bytes.readUInt32BE(0) !== MAGIC) {
      logger.error(
        { file: this.#path },
        'the checkpoint of the partitions is damaged and was put aside',
      );
      files.rename(this.#path, `${this.#path}.damaged`);
      return;
    }
    const version = bytes.readUInt16BE(4);
    if (version !== VERSION) {
      throw new Error(`${this.#path} has version ${version}; this program knows ${VERSION}`);
    }
    const damaged = this.#decode(bytes);
    this.#isComplete = damaged === 0;
    if (damaged > 0) {
      logger.warn({ file: this.#path, entries: damaged }, 'entries of the checkpoint are damaged');
    }
  }

  /**
   * Reads the entries; returns how many were damaged. A last entry that is cut off does not count.
   */
  #decode(bytes: Buffer): number {
    let damaged = 0;
    let position = HEADER_SIZE;
    while (position + ENTRY_PREFIX_SIZE <= bytes.length) {
      const size = bytes.readUInt16BE(position + 4);
      if (size < ENTRY_PREFIX_SIZE || position + size > bytes.length) break;
      const entry = bytes.subarray(position, position + size);
      position += size;
      const keySize = entry.readUInt16BE(6);
      if (crc32(entry.subarray(4)) !== entry.readUInt32BE(0)) {
        damaged++;
        continue;
      }
      const key = entry.toString('utf8', ENTRY_PREFIX_SIZE, ENTRY_PREFIX_SIZE + keySize);
      const durableEndOffset = readInt64(entry, 16);
      if (durableEndOffset < 0) {
        this.#checkpoints.delete(key);
        continue;
      }
      this.#checkpoints.set(key, {
        logStartOffset: readInt64(entry, 8),
        durableEndOffset,
        segmentBase: readInt64(entry, 24),
        position: entry.readUInt32BE(32),
      });
    }
    return damaged;
  }
}

function encode(key: string, checkpoint: PartitionCheckpoint): Buffer {
  const keySize = Buffer.byteLength(key);
  const entry = Buffer.allocUnsafe(ENTRY_PREFIX_SIZE + keySize);
  entry.writeUInt16BE(entry.length, 4);
  entry.writeUInt16BE(keySize, 6);
  writeInt64(entry, 8, checkpoint.logStartOffset);
  writeInt64(entry, 16, checkpoint.durableEndOffset);
  writeInt64(entry, 24, checkpoint.segmentBase);
  entry.writeUInt32BE(checkpoint.position, 32);
  entry.write(key, ENTRY_PREFIX_SIZE);
  entry.writeUInt32BE(crc32(entry.subarray(4)), 0);
  return entry;
}
