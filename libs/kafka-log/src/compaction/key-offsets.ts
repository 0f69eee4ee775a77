import { KeyHash } from './key-hash.ts';

/** 16 bytes of the key's hash, and its offset. */
const SLOT_SIZE = 24;
/** Largest share of the slots in use; above it a search takes long. */
const LOAD_MAX = 0.75;

/**
 * The last offset of each key, in a fixed amount of memory whatever the keys' lengths (Kafka:
 * SkimpyOffsetMap). A key is identified by 128 bits of a keyed hash: a collision is practically
 * impossible and cannot be provoked.
 */
export class KeyOffsets {
  readonly #capacity: number;
  readonly #slots: number;
  readonly #hash = new KeyHash();
  readonly #hashes: Int32Array;
  /** One more than the offset; 0 in a free slot, so that new memory need not be written to. */
  readonly #offsets: Float64Array;
  #size = 0;

  /**
   * @param keysMax the most keys that there can be
   * @param bytesMax memory that may be used; if `keysMax` keys need more, the map can get full
   */
  constructor(keysMax: number, bytesMax: number) {
    const slotsMax = Math.max(2, Math.floor(bytesMax / SLOT_SIZE));
    this.#slots = Math.min(slotsMax, Math.ceil(Math.max(1, keysMax) / LOAD_MAX) + 1);
    this.#capacity = Math.max(1, Math.floor(this.#slots * LOAD_MAX));
    this.#hashes = new Int32Array(this.#slots * 4);
    this.#offsets = new Float64Array(this.#slots);
  }

  get isFull(): boolean {
    return this.#size >= this.#capacity;
  }

  /** Takes note of a key's offset, which must not be below those noted before. */
  put(bytes: Buffer, start: number, length: number, offset: number): void {
    const slot = this.#slotOf(bytes, start, length);
    if (this.#offsets[slot] === 0) {
      this.#size++;
      this.#hashes.set(this.#hash.words, slot * 4);
    }
    this.#offsets[slot] = offset + 1;
  }

  /** The last offset noted for the key; -1 if none was. */
  get(bytes: Buffer, start: number, length: number): number {
    return this.#offsets[this.#slotOf(bytes, start, length)]! - 1;
  }

  /** The key's slot, or the free one that it would take. */
  #slotOf(bytes: Buffer, start: number, length: number): number {
    this.#hash.update(bytes, start, length);
    const { words } = this.#hash;
    const hashes = this.#hashes;
    let slot = (words[0]! >>> 0) % this.#slots;
    while (this.#offsets[slot] !== 0) {
      const at = slot * 4;
      if (
        hashes[at] === words[0] &&
        hashes[at + 1] === words[1] &&
        hashes[at + 2] === words[2] &&
        hashes[at + 3] === words[3]
      ) {
        break;
      }
      slot = slot + 1 === this.#slots ? 0 : slot + 1;
    }
    return slot;
  }
}
