/**
 * int64 as `number`. Offsets, timestamps, sizes and producer ids stay far below 2^53, and BigInt
 * costs three times as much on paths that every batch passes.
 *
 * Invariant: every integer from -(2^53 - 1) to 2^53 - 1 survives a round trip exactly. Beyond, a
 * read gives the nearest double and a write saturates at the ends of int64, so `Long.MAX_VALUE` and
 * `Long.MIN_VALUE`, which clients send for "no limit", survive too.
 */
export const INT64_MAX = 2 ** 63;
export const INT64_MIN = -(2 ** 63);

const TWO_POW_32 = 0x1_0000_0000;

/** Reads 8 big-endian bytes at `position`; the caller has checked that they are there. */
export function readInt64(buffer: Uint8Array, position: number): number {
  const high =
    (buffer[position]! << 24) |
    (buffer[position + 1]! << 16) |
    (buffer[position + 2]! << 8) |
    buffer[position + 3]!;
  const low =
    ((buffer[position + 4]! << 24) |
      (buffer[position + 5]! << 16) |
      (buffer[position + 6]! << 8) |
      buffer[position + 7]!) >>>
    0;
  return high * TWO_POW_32 + low;
}

/** Writes 8 big-endian bytes at `position`. Throws RangeError when `value` is not an integer. */
export function writeInt64(buffer: Uint8Array, value: number, position: number): void {
  if (!Number.isInteger(value)) throw new RangeError(`not an integer: ${value}`);
  let high: number;
  let low: number;
  if (value >= INT64_MAX) {
    high = 0x7fffffff;
    low = 0xffffffff;
  } else if (value <= INT64_MIN) {
    high = -0x80000000;
    low = 0;
  } else {
    high = Math.floor(value / TWO_POW_32);
    low = value - high * TWO_POW_32;
  }
  buffer[position] = high >>> 24;
  buffer[position + 1] = high >>> 16;
  buffer[position + 2] = high >>> 8;
  buffer[position + 3] = high;
  buffer[position + 4] = low >>> 24;
  buffer[position + 5] = low >>> 16;
  buffer[position + 6] = low >>> 8;
  buffer[position + 7] = low;
}
