import type { SeededRandom } from '@penstock/testing';

/** Changes bytes of a frame without regard to what they mean. `others`: frames to splice with. */
export function mutated(frame: Buffer, others: readonly Buffer[], random: SeededRandom): Buffer {
  let bytes: Buffer = Buffer.from(frame);
  for (let times = random.int(1, 4); times > 0; times -= 1) {
    bytes = random.pick(MUTATIONS)(bytes, others, random);
  }
  return bytes;
}

type Mutation = (bytes: Buffer, others: readonly Buffer[], random: SeededRandom) => Buffer;

const INTERESTING = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff];
/** Key, version and correlation id: changed less often, or most requests would be of no API. */
const HEADER_BYTES = 8;

const MUTATIONS: readonly Mutation[] = [
  (bytes, _, random) => {
    if (bytes.length > 0) bytes[place(bytes, random)]! ^= 1 << random.int(0, 7);
    return bytes;
  },
  (bytes, _, random) => {
    if (bytes.length > 0) bytes[place(bytes, random)] = random.pick(INTERESTING);
    return bytes;
  },
  (bytes, _, random) => {
    const at = place(bytes, random);
    bytes.fill(0xff, at, Math.min(bytes.length, at + random.pick([2, 4, 8])));
    return bytes;
  },
  (bytes, _, random) => bytes.subarray(0, place(bytes, random)),
  (bytes, _, random) => Buffer.concat([bytes, random.bytes(random.int(1, 200))]),
  (bytes, _, random) => {
    const at = place(bytes, random);
    return Buffer.concat([
      bytes.subarray(0, at),
      random.bytes(random.int(1, 12)),
      bytes.subarray(at),
    ]);
  },
  (bytes, _, random) => {
    const at = place(bytes, random);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.int(1, 12))]);
  },
  (bytes, _, random) => {
    const at = place(bytes, random);
    const piece = bytes.subarray(at, at + random.int(1, 60));
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
  },
  (bytes, others, random) => {
    if (others.length === 0) return bytes;
    const other = random.pick(others);
    return Buffer.concat([
      bytes.subarray(0, place(bytes, random)),
      other.subarray(place(other, random)),
    ]);
  },
];

function place(bytes: Buffer, random: SeededRandom): number {
  const first = random.chance(0.9) ? Math.min(HEADER_BYTES, bytes.length) : 0;
  return Math.min(
    random.int(first, Math.max(first, bytes.length - 1)),
    Math.max(0, bytes.length - 1),
  );
}
