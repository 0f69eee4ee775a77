/**
 * int64 as number: offsets, timestamps and producer ids stay below 2^53, and BigInt costs three
 * times as much.
 */
const TWO_TO_32 = 4_294_967_296;

export function readInt64(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position) * TWO_TO_32 + bytes.readUInt32BE(position + 4);
}

/** Writes `value`, brought into the range of exact integers, and returns the position behind it. */
export function writeInt64(bytes: Buffer, position: number, value: number): number {
  const safe = Math.max(Number.MIN_SAFE_INTEGER, Math.min(value, Number.MAX_SAFE_INTEGER));
  const high = Math.floor(safe / TWO_TO_32);
  bytes.writeInt32BE(high, position);
  return bytes.writeUInt32BE(safe - high * TWO_TO_32, position + 4);
}
