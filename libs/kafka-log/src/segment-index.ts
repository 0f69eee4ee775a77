/**
 * The sparse index of a segment, for offsets and for time, in one file `<base offset>.index`.
 * A cache: it can be rebuilt from the segment by reading batch headers.
 *
 * Format, version 1, big-endian:
 *
 *   header, 16 bytes: magic u32 'PSLI' | version u16 | entry size u16 (20) | base offset i64
 *   entry, 20 bytes:  relative offset u32 | position u32 | largest timestamp before i64 | crc u32
 *
 * An entry stands for a batch: its base offset minus the segment's, its position in the segment,
 * and the largest timestamp of all batches of the segment that lie before it (-1 if none). None of
 * the three decreases from one entry to the next. The CRC-32 covers the 16 bytes before it, begun
 * from the low 32 bits of the base offset instead of 0, so that an entry of another file does not
 * pass. The first batch of a segment has no entry. Entries lie at least `index.interval.bytes` of
 * batches apart.
 *
 * Migration: a file with another magic, version or entry size is rebuilt.
 */
import { crc32 } from 'node:zlib';
import type { Files } from './files.ts';
import { readInt64, writeInt64 } from './int64.ts';
import type { OpenFiles } from './open-files.ts';
import { PooledFile } from './open-files.ts';
import { writeAll } from './whole-file.ts';

const MAGIC = 0x50534c49;
const VERSION = 1;
const HEADER_SIZE = 16;
const ENTRY_SIZE = 20;
/** Entries buffered before a write: one small write per megabyte or more of batches. */
const PENDING_MAX = 256;
/** Buffer for one entry, shared by all indexes, of which there can be thousands. */
const ENTRY = Buffer.alloc(ENTRY_SIZE + 4);

export interface IndexEntry {
  readonly offset: number;
  readonly position: number;
  /** Largest timestamp of the segment's batches before this one. */
  readonly maxTimestampBefore: number;
}

/** The index file does not hold what it should; it must be rebuilt. */
export class IndexDamagedError extends Error {
  override readonly name = 'IndexDamagedError';
}

export class SegmentIndex {
  readonly #files: Files;
  readonly #open: OpenFiles;
  readonly #baseOffset: number;
  readonly #file: PooledFile;
  /** Entries in the file. */
  #written = 0;
  #pending: IndexEntry[] = [];

  constructor(files: Files, open: OpenFiles, path: string, baseOffset: number) {
    this.#files = files;
    this.#open = open;
    this.#baseOffset = baseOffset;
    this.#file = new PooledFile(path, 'write');
  }

  get path(): string {
    return this.#file.path;
  }

  /** Gives the file another name; if there is none yet, it gets that name when it is written. */
  rename(path: string): void {
    this.close();
    if (this.#files.size(this.#file.path) !== undefined) this.#files.rename(this.#file.path, path);
    this.#file.path = path;
  }

  /** Size of the file once everything is written. */
  get sizeBytes(): number {
    return HEADER_SIZE + this.count * ENTRY_SIZE;
  }

  get count(): number {
    return this.#written + this.#pending.length;
  }

  /** Loads the entries that a previous run wrote. Returns false if there is no usable file. */
  load(): boolean {
    this.#pending = [];
    this.#written = 0;
    const size = this.#files.size(this.#file.path);
    if (size === undefined || size < HEADER_SIZE) return false;
    const header = Buffer.alloc(HEADER_SIZE);
    const read = this.#files.read(this.#descriptor(), header, 0, HEADER_SIZE, 0);
    if (read < HEADER_SIZE || !header.equals(this.#header())) return false;
    this.#written = Math.floor((size - HEADER_SIZE) / ENTRY_SIZE);
    return true;
  }

  /** Drops all entries, in the file too, before the index is rebuilt. */
  reset(): void {
    this.#pending = [];
    this.#written = 0;
    if (this.#files.size(this.#file.path) !== undefined) this.#cut(0);
  }

  add(offset: number, position: number, maxTimestampBefore: number): void {
    this.#pending.push({ offset, position, maxTimestampBefore });
    if (this.#pending.length % PENDING_MAX === 0) this.flush();
  }

  /**
   * Writes the buffered entries. The file is not synced, and a failure does not fail the log: the
   * entries stay buffered, and lost ones are made up for by reading headers.
   */
  flush(): boolean {
    if (this.#pending.length === 0) return true;
    try {
      this.#write();
      return true;
    } catch {
      return false;
    }
  }

  #write(): void {
    const entries = Buffer.alloc(this.#pending.length * ENTRY_SIZE);
    this.#pending.forEach((entry, i) => {
      this.#encode(entry);
      ENTRY.copy(entries, i * ENTRY_SIZE, 0, ENTRY_SIZE);
    });
    const descriptor = this.#descriptor();
    if (this.#written === 0) writeAll(this.#files, descriptor, this.#header(), 0);
    writeAll(this.#files, descriptor, entries, HEADER_SIZE + this.#written * ENTRY_SIZE);
    this.#written += this.#pending.length;
    this.#pending = [];
  }

  /** Drops the entries of batches at or after `position`. */
  truncate(position: number): void {
    while (this.#pending.length > 0 && this.#pending.at(-1)!.position >= position) {
      this.#pending.pop();
    }
    const kept = this.#partition((entry) => entry.position < position);
    if (kept < this.#written) {
      this.#written = kept;
      this.#cut(kept === 0 ? 0 : HEADER_SIZE + kept * ENTRY_SIZE);
    }
  }

  /**
   * Synced at once: if a power loss brought the entries back, they would point to batches that were
   * cut off, at positions where others were written since.
   */
  #cut(size: number): void {
    this.#files.truncate(this.#descriptor(), size);
    this.#files.syncDataNow(this.#descriptor());
  }

  last(): IndexEntry | undefined {
    return this.#pending.at(-1) ?? (this.#written > 0 ? this.#read(this.#written - 1) : undefined);
  }

  /** The last entry whose batch begins at or below `offset`. */
  floorByOffset(offset: number): IndexEntry | undefined {
    return this.#lastWhere((entry) => entry.offset <= offset);
  }

  /** The last entry before which all batches have timestamps below `timestamp`. */
  floorByTimestamp(timestamp: number): IndexEntry | undefined {
    return this.#lastWhere((entry) => entry.maxTimestampBefore < timestamp);
  }

  /** The first entry whose batch lies behind `position`. */
  ceilingByPosition(position: number): IndexEntry | undefined {
    const index = this.#partitionAll((entry) => entry.position <= position);
    return index < this.count ? this.#at(index) : undefined;
  }

  close(): void {
    this.#open.close(this.#file);
  }

  #lastWhere(holds: (entry: IndexEntry) => boolean): IndexEntry | undefined {
    const index = this.#partitionAll(holds) - 1;
    return index < 0 ? undefined : this.#at(index);
  }

  #at(index: number): IndexEntry {
    return index < this.#written ? this.#read(index) : this.#pending[index - this.#written]!;
  }

  /** How many leading entries, written or pending, the monotone predicate holds for. */
  #partitionAll(holds: (entry: IndexEntry) => boolean): number {
    const first = this.#pending[0];
    if (first === undefined || !holds(first)) return this.#partition(holds);
    let low = 0;
    let high = this.#pending.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.#pending[middle]!)) low = middle + 1;
      else high = middle;
    }
    return this.#written + low;
  }

  #partition(holds: (entry: IndexEntry) => boolean): number {
    let low = 0;
    let high = this.#written;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.#read(middle))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #read(index: number): IndexEntry {
    const entry = ENTRY;
    const position = HEADER_SIZE + index * ENTRY_SIZE;
    const read = this.#files.read(this.#descriptor(), entry, 0, ENTRY_SIZE, position);
    if (read < ENTRY_SIZE || entry.readUInt32BE(16) !== this.#entryCrc()) {
      throw new IndexDamagedError(`${this.#file.path}: entry ${index} is damaged`);
    }
    return {
      offset: this.#baseOffset + entry.readUInt32BE(0),
      position: entry.readUInt32BE(4),
      maxTimestampBefore: readInt64(entry, 8),
    };
  }

  #encode({ offset, position, maxTimestampBefore }: IndexEntry): void {
    const entry = ENTRY;
    entry.writeUInt32BE(offset - this.#baseOffset, 0);
    entry.writeUInt32BE(position, 4);
    writeInt64(entry, 8, maxTimestampBefore);
    entry.writeUInt32BE(this.#entryCrc(), 16);
  }

  #entryCrc(): number {
    return crc32(ENTRY.subarray(0, 16), this.#baseOffset % 0x1_0000_0000);
  }

  #header(): Buffer {
    const header = Buffer.alloc(HEADER_SIZE);
    header.writeUInt32BE(MAGIC, 0);
    header.writeUInt16BE(VERSION, 4);
    header.writeUInt16BE(ENTRY_SIZE, 6);
    writeInt64(header, 8, this.#baseOffset);
    return header;
  }

  #descriptor(): number {
    return this.#open.descriptor(this.#file);
  }
}
