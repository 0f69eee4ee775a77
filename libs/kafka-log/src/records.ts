/**
 * Walks the records of a batch, only as deep as its checks need:
 *
 *   length varint | attributes i8 | timestampDelta varlong | offsetDelta varint
 *   keyLength varint | key | valueLength varint | value | headers…        (all varints zigzag)
 *
 * (org.apache.kafka.common.record.DefaultRecord)
 */

/** What a walk found. `problem` says why the bytes are not `count` records; the rest is then void. */
export interface RecordsWalk {
  readonly problem: string | undefined;
  readonly timestampDeltaMin: number;
  readonly timestampDeltaMax: number;
  /** Index of the first record without a key, -1 if all have one. */
  readonly firstWithoutKey: number;
}

/** Walks all of `bytes` from `start` on. */
export function walkRecords(bytes: Buffer, start: number, count: number): RecordsWalk {
  const cursor = new Cursor(bytes, start);
  let timestampDeltaMin = Infinity;
  let timestampDeltaMax = -Infinity;
  let firstWithoutKey = -1;
  for (let index = 0; index < count; index++) {
    const length = cursor.varint();
    const end = cursor.position + length;
    if (!(length >= 0) || end > bytes.length) return problem(`record ${index} is cut off`);
    cursor.position += 1; // attributes
    const timestampDelta = cursor.varint();
    const offsetDelta = cursor.varint();
    const keyLength = cursor.varint();
    if (!(cursor.position <= end)) return problem(`record ${index} is malformed`);
    if (offsetDelta !== index) return problem(`record ${index} has offset delta ${offsetDelta}`);
    if (keyLength < 0 && firstWithoutKey < 0) firstWithoutKey = index;
    if (timestampDelta < timestampDeltaMin) timestampDeltaMin = timestampDelta;
    if (timestampDelta > timestampDeltaMax) timestampDeltaMax = timestampDelta;
    cursor.position = end;
  }
  if (cursor.position !== bytes.length) return problem('bytes follow the last record');
  return { problem: undefined, timestampDeltaMin, timestampDeltaMax, firstWithoutKey };
}

/** The first record with at least these deltas; undefined if there is none. */
export function findByTimestamp(
  bytes: Buffer,
  start: number,
  least: { timestampDelta: number; offsetDelta: number },
): { offsetDelta: number; timestampDelta: number } | undefined {
  const cursor = new Cursor(bytes, start);
  while (cursor.position < bytes.length) {
    const length = cursor.varint();
    const end = cursor.position + length;
    if (!(length >= 0) || end > bytes.length) return undefined;
    cursor.position += 1; // attributes
    const timestampDelta = cursor.varint();
    const offsetDelta = cursor.varint();
    if (timestampDelta >= least.timestampDelta && offsetDelta >= least.offsetDelta) {
      return { offsetDelta, timestampDelta };
    }
    cursor.position = end;
  }
  return undefined;
}

function problem(text: string): RecordsWalk {
  return { problem: text, timestampDeltaMin: 0, timestampDeltaMax: 0, firstWithoutKey: -1 };
}

class Cursor {
  position: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, position: number) {
    this.#bytes = bytes;
    this.position = position;
  }

  /** A zigzag varint or varlong as a number; NaN when it is malformed or runs off the end. */
  varint(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.position++]!;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 0x7f;
    let scale = 128;
    for (let i = 1; i < 10; i++) {
      byte = bytes[this.position++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 128;
    }
    return NaN;
  }
}
