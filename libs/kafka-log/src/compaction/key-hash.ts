import { randomBytes } from 'node:crypto';

/**
 * Two HalfSipHash-2-4 of 64 bits each, side by side, over the same bytes
 * (https://github.com/veorq/SipHash). Keyed, so that nobody can prepare two record keys with the
 * same hash to make one of them vanish; a tenth of the time of SHA-256, which costs more to call
 * than to compute for keys of this length.
 */
export class KeyHash {
  /** The last result: 128 bits. */
  readonly words = new Int32Array(4);
  // No observable result depends on the key, so a simulation still replays.
  readonly #key = new Int32Array(new Uint8Array(randomBytes(16)).buffer);

  /** Hashes `length` bytes from `start` on. */
  update(bytes: Buffer, start: number, length: number): void {
    this.#half(bytes, start, length, 0);
    this.#half(bytes, start, length, 2);
  }

  #half(bytes: Buffer, start: number, length: number, at: 0 | 2): void {
    const k0 = this.#key[at]!;
    const k1 = this.#key[at + 1]!;
    let v0 = k0;
    let v1 = k1 ^ 0xee;
    let v2 = k0 ^ 0x6c796765;
    let v3 = k1 ^ 0x74656462;
    const end = start + length;
    const lastWord = end - (length & 3);
    for (let i = start; ; i += 4) {
      let word: number;
      if (i < lastWord) {
        word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
      } else {
        word = length << 24;
        for (let j = i; j < end; j++) word |= bytes[j]! << ((j - i) * 8);
      }
      v3 ^= word;
      for (let round = 0; round < 2; round++) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      v0 ^= word;
      if (i >= lastWord) break;
    }
    v2 ^= 0xee;
    for (let half = 0; half < 2; half++) {
      for (let round = 0; round < 4; round++) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      this.words[at + half] = v1 ^ v3;
      v1 ^= 0xdd;
    }
  }
}
