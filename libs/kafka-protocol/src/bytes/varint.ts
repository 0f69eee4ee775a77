/** Bytes that an unsigned varint takes (7 bits a byte, little end first). `value` is a uint32. */
export function sizeOfUvarint(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  if (value < 0x10000000) return 4;
  return 5;
}

/** Bytes that a zigzag varint takes. `value` is an int32. */
export function sizeOfVarint(value: number): number {
  return sizeOfUvarint(((value << 1) ^ (value >> 31)) >>> 0);
}

/** Bytes that a zigzag varlong takes. `value` is a safe integer. */
export function sizeOfVarlong(value: number): number {
  // Zigzag without 64-bit shifts: 2n for n ≥ 0, -2n - 1 below. It may leave the safe range by one
  // bit, which a double still divides exactly enough to count groups of seven bits.
  let rest = value >= 0 ? value * 2 : -(value + 1) * 2 + 1;
  let size = 1;
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80);
    size++;
  }
  return size;
}
