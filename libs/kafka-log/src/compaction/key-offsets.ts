import { hash } from 'node:crypto';

/** 16 bytes of the key's hash, and its offset. */
const SLOT_SIZE = 24;
/** Share of the slots in use at most; searching gets long beyond. */
const LOAD_MAX = 0.75;

/**
 * The last offset of each key, in a fixed amount of memory whatever the keys' lengths (Kafka:
 * SkimpyOffsetMap). A key is known by 128 bits of its SHA-256: that two keys share them is as good
 * as impossible, and cannot be brought about on purpose.
 */
export class KeyOffsets {
  readonly #capacity: number;
  readonly #slots: number;
  readonly #hashes: Int32Array;
  readonly #offsets: Float64Array;
  #size = 0;

  /**
   * @param keysMax the most that can be needed
   * @param bytesMax memory that may be used; with less than is needed, it gets full
   */
  constructor(keysMax: number, bytesMax: number) {
    const slotsMax = Math.max(2, Math.floor(bytesMax / SLOT_SIZE));
    this.#slots = Math.min(slotsMax, Math.ceil(Math.max(1, keysMax) / LOAD_MAX) + 1);
    this.#capacity = Math.max(1, Math.floor(this.#slots * LOAD_MAX));
    this.#hashes = new Int32Array(this.#slots * 4);
    this.#offsets = new Float64Array(this.#slots).fill(-1);
  }

  get isFull(): boolean {
    return this.#size >= this.#capacity;
  }

  get size(): number {
    return this.#size;
  }

  /** Takes note of a key's offset, which must not be below those noted before. */
  put(bytes: Buffer, start: number, length: number, offset: number): void {
    const slot = this.#slotOf(bytes, start, length);
    if (this.#offsets[slot]! < 0) this.#size++;
    this.#offsets[slot] = offset;
  }

  /** The last offset noted for the key; -1 if none was. */
  get(bytes: Buffer, start: number, length: number): number {
    return this.#offsets[this.#slotOf(bytes, start, length)]!;
  }

  /** The key's slot, or the free one that it would take, in which its hash is then written. */
  #slotOf(bytes: Buffer, start: number, length: number): number {
    const digest = hash('sha256', bytes.subarray(start, start + length), 'buffer');
    const a = digest.readInt32LE(0);
    const b = digest.readInt32LE(4);
    const c = digest.readInt32LE(8);
    const d = digest.readInt32LE(12);
    const hashes = this.#hashes;
    let slot = (a >>> 0) % this.#slots;
    for (;;) {
      const at = slot * 4;
      if (this.#offsets[slot]! < 0) {
        hashes[at] = a;
        hashes[at + 1] = b;
        hashes[at + 2] = c;
        hashes[at + 3] = d;
        return slot;
      }
      if (
        hashes[at] === a &&
        hashes[at + 1] === b &&
        hashes[at + 2] === c &&
        hashes[at + 3] === d
      ) {
        return slot;
      }
      slot = slot + 1 === this.#slots ? 0 : slot + 1;
    }
  }
}
