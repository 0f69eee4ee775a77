/**
 * Decodes LZ4 frames into one buffer, with a bound on their size: LZ4 can expand 255-fold, and a
 * native decoder costs several times as much for the batches that a broker sees, most of it for the
 * call into native code and back.
 * Format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md.
 * Checksums are not looked at: a batch has its own, and not all clients compute them rightly.
 */
const FRAME_MAGIC = 0x184d2204;
const VERSION = 0x40;
/** Most bytes by which one byte of input becomes output. */
const EXPANSION_MAX = 255;
/** Runs shorter than this are copied in a loop: a call costs as much as that many iterations. */
const LOOP_COPY_MAX = 32;

export class Lz4Decoder {
  /** What was decoded; its length is the result of `decode`. Reused by the next call. */
  out: Buffer;
  #length = 0;
  #maxBytes = 0;

  constructor(initialSize: number) {
    this.out = Buffer.allocUnsafeSlow(initialSize);
  }

  /** @returns bytes of output in `out`, or -1 if the frame is malformed or passes `maxBytes` */
  decode(frame: Buffer, maxBytes: number): number {
    this.#length = 0;
    this.#maxBytes = maxBytes;
    if (frame.length < 7 || frame.readUInt32LE(0) !== FRAME_MAGIC) return -1;
    const flags = frame[4]!;
    if ((flags & 0xc0) !== VERSION) return -1;
    const blockChecksum = (flags & 0x10) !== 0;
    let position = 6;
    if ((flags & 0x08) !== 0) position += 8; // content size
    if ((flags & 0x01) !== 0) position += 4; // dictionary id
    position += 1; // header checksum
    for (;;) {
      if (position + 4 > frame.length) return -1;
      const word = frame.readUInt32LE(position);
      position += 4;
      if (word === 0) return this.#length;
      const size = word & 0x7fffffff;
      const end = position + size;
      if (end > frame.length) return -1;
      const isGood =
        (word & 0x80000000) === 0
          ? this.#block(frame, position, end)
          : this.#stored(frame, position, end);
      if (!isGood) return -1;
      position = end + (blockChecksum ? 4 : 0);
    }
  }

  #stored(frame: Buffer, start: number, end: number): boolean {
    if (!this.#reserve(end - start)) return false;
    frame.copy(this.out, this.#length, start, end);
    this.#length += end - start;
    return true;
  }

  /** Makes room for `more` bytes; false if that is more than allowed. */
  #reserve(more: number): boolean {
    const needed = this.#length + more;
    if (needed <= this.out.length) return needed <= this.#maxBytes;
    if (needed > this.#maxBytes) return false;
    const larger = Buffer.allocUnsafeSlow(
      Math.min(this.#maxBytes, Math.max(needed, this.out.length * 2)),
    );
    this.out.copy(larger, 0, 0, this.#length);
    this.out = larger;
    return true;
  }

  #block(input: Buffer, start: number, end: number): boolean {
    // What is surely enough is taken at once, if that is not much more than is likely.
    if (
      !this.#reserve(
        Math.min((end - start) * EXPANSION_MAX, this.#maxBytes - this.#length, 4 * (end - start)),
      )
    ) {
      return false;
    }
    let out = this.out;
    let position = start;
    let length = this.#length;
    while (position < end) {
      const token = input[position++]!;
      let literals = token >> 4;
      if (literals === 15) {
        let more = 255;
        while (more === 255) {
          if (position >= end) return false;
          more = input[position++]!;
          literals += more;
        }
      }
      let match = (token & 15) + 4;
      if (position + literals > end) return false;
      if (length + literals > out.length) {
        this.#length = length;
        if (!this.#reserve(literals)) return false;
        out = this.out;
      }
      if (literals <= LOOP_COPY_MAX) {
        for (let i = 0; i < literals; i++) out[length + i] = input[position + i]!;
      } else {
        input.copy(out, length, position, position + literals);
      }
      position += literals;
      length += literals;
      if (position === end) break; // the last sequence is literals only
      if (position + 2 > end) return false;
      const distance = input[position]! | (input[position + 1]! << 8);
      position += 2;
      if (match === 19) {
        let more = 255;
        while (more === 255) {
          if (position >= end) return false;
          more = input[position++]!;
          match += more;
        }
      }
      if (distance === 0 || distance > length) return false;
      if (length + match > out.length) {
        this.#length = length;
        if (!this.#reserve(match)) return false;
        out = this.out;
      }
      copyMatch(out, length, distance, match);
      length += match;
    }
    this.#length = length;
    return length <= this.#maxBytes;
  }
}

/** Repeats what lies `distance` back; the stretches may overlap. */
function copyMatch(out: Buffer, at: number, distance: number, match: number): void {
  if (match <= LOOP_COPY_MAX) {
    for (let i = 0; i < match; i++) out[at + i] = out[at + i - distance]!;
    return;
  }
  if (distance === 1) {
    out.fill(out[at - 1]!, at, at + match);
    return;
  }
  let done = 0;
  while (done < match) {
    // Each turn doubles what can be copied at once.
    const part = Math.min(distance + done, match - done);
    out.copyWithin(at + done, at - distance, at - distance + part);
    done += part;
  }
}
