/**
 * The size an LZ4 frame would decompress to, found by walking its sequences without copying: the
 * native decoder has no output limit, and LZ4 can blow up 255-fold.
 * Format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md.
 */
const FRAME_MAGIC = 0x184d2204;

/** @returns bytes of output, or -1 if the frame is malformed or passes `maxBytes` */
export function lz4FrameSize(frame: Buffer, maxBytes: number): number {
  if (frame.length < 7 || frame.readUInt32LE(0) !== FRAME_MAGIC) return -1;
  const flags = frame[4]!;
  const blockChecksum = (flags & 0x10) !== 0;
  let position = 6;
  if ((flags & 0x08) !== 0) position += 8; // content size
  if ((flags & 0x01) !== 0) position += 4; // dictionary id
  position += 1; // header checksum
  let total = 0;
  for (;;) {
    if (position + 4 > frame.length) return -1;
    const word = frame.readUInt32LE(position);
    position += 4;
    if (word === 0) return total;
    const length = word & 0x7fffffff;
    if (position + length > frame.length) return -1;
    const compressed = (word & 0x80000000) === 0;
    total += compressed ? blockSize(frame, position, position + length, maxBytes - total) : length;
    if (total > maxBytes) return -1;
    position += length + (blockChecksum ? 4 : 0);
  }
}

/** Output of one block; more than `limit` (possibly Infinity) when it passes that or is malformed. */
function blockSize(frame: Buffer, start: number, end: number, limit: number): number {
  let position = start;
  let size = 0;
  while (position < end) {
    const token = frame[position++]!;
    let literals = token >> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255) {
        if (position >= end) return Infinity;
        more = frame[position++]!;
        literals += more;
      }
    }
    position += literals;
    size += literals;
    if (position > end || size > limit) return Infinity;
    if (position === end) return size; // the last sequence is literals only
    position += 2; // match offset
    let match = (token & 15) + 4;
    if (match === 19) {
      let more = 255;
      while (more === 255) {
        if (position >= end) return Infinity;
        more = frame[position++]!;
        match += more;
      }
    }
    size += match;
    if (size > limit) return Infinity;
  }
  return position === end ? size : Infinity;
}
