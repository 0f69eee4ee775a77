/**
 * Walks the records of a batch, only as deep as its checks need:
 *
 *   length varint | attributes i8 | timestampDelta varlong | offsetDelta varint
 *   keyLength varint | key | valueLength varint | value | headers…        (all varints zigzag)
 *
 * (org.apache.kafka.common.record.DefaultRecord)
 */

/**
 * What a walk found. `problem` says why the bytes are not `count` records; the rest is then void.
 */
export interface RecordsWalk {
  readonly problem: string | undefined;
  readonly timestampDeltaMin: number;
  readonly timestampDeltaMax: number;
  readonly countWithoutKey: number;
}

/**
 * Walks all of `bytes` from `start` on. Every length must lead where the next field begins, headers
 * included, and the records' offsets must follow each other.
 */
export function walkRecords(bytes: Buffer, start: number, count: number): RecordsWalk {
  const cursor = new Cursor(bytes, start);
  let timestampDeltaMin = Infinity;
  let timestampDeltaMax = -Infinity;
  let countWithoutKey = 0;
  for (let index = 0; index < count; index++) {
    const length = cursor.varint();
    const end = cursor.position + length;
    if (!(length >= 0) || end > bytes.length) return problem(`record ${index} is cut off`);
    cursor.position += 1; // attributes
    const timestampDelta = cursor.varint();
    const offsetDelta = cursor.varint();
    const keyLength = cursor.varint();
    if (keyLength > 0) cursor.position += keyLength;
    const valueLength = cursor.varint();
    if (valueLength > 0) cursor.position += valueLength;
    if (!(keyLength >= -1 && valueLength >= -1) || !cursor.skipHeaders(end)) {
      return problem(`record ${index} is malformed`);
    }
    if (offsetDelta !== index) return problem(`record ${index} has offset delta ${offsetDelta}`);
    if (keyLength < 0) countWithoutKey++;
    if (timestampDelta < timestampDeltaMin) timestampDeltaMin = timestampDelta;
    if (timestampDelta > timestampDeltaMax) timestampDeltaMax = timestampDelta;
  }
  if (cursor.position !== bytes.length) return problem('bytes follow the last record');
  return { problem: undefined, timestampDeltaMin, timestampDeltaMax, countWithoutKey };
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
  return { problem: text, timestampDeltaMin: 0, timestampDeltaMax: 0, countWithoutKey: 0 };
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

  /** Steps over a record's headers; false if they do not end where it does. */
  skipHeaders(end: number): boolean {
    const count = this.varint();
    if (!(count >= 0)) return false;
    for (let i = 0; i < count && this.position < end; i++) {
      const keyLength = this.varint();
      if (!(keyLength >= 0)) return false;
      this.position += keyLength;
      const valueLength = this.varint();
      if (!(valueLength >= -1)) return false;
      if (valueLength > 0) this.position += valueLength;
      if (i === count - 1) return this.position === end;
    }
    return count === 0 && this.position === end;
  }
}

/** The bytes of a batch's records are not what its header says. */
export class MalformedRecordsError extends Error {
  override readonly name = 'MalformedRecordsError';
}

/** Steps from record to record and says where its parts lie, without copying anything. */
export class RecordCursor {
  readonly bytes: Buffer;
  /** Where the record begins, with its length. */
  start: number;
  /** Where the next one begins. */
  end: number;
  /** Position of the attributes, behind the length. */
  bodyStart = 0;
  timestampDelta = 0;
  /** Position behind the timestamp delta. */
  offsetDeltaStart = 0;
  offsetDelta = 0;
  keyStart = 0;
  /** -1 for no key. */
  keyLength = -1;
  /** -1 for no value: a tombstone, if it has a key. */
  valueLength = -1;
  readonly #cursor: Cursor;

  constructor(bytes: Buffer, start: number) {
    this.bytes = bytes;
    this.start = start;
    this.end = start;
    this.#cursor = new Cursor(bytes, start);
  }

  /**
   * Moves to the next record.
   * @throws MalformedRecordsError
   */
  next(): void {
    const cursor = this.#cursor;
    this.start = this.end;
    cursor.position = this.start;
    const length = cursor.varint();
    this.bodyStart = cursor.position;
    this.end = this.bodyStart + length;
    if (!(length >= 0) || this.end > this.bytes.length) this.#fail();
    cursor.position += 1;
    this.timestampDelta = cursor.varint();
    this.offsetDeltaStart = cursor.position;
    this.offsetDelta = cursor.varint();
    this.keyLength = cursor.varint();
    this.keyStart = cursor.position;
    cursor.position += Math.max(0, this.keyLength);
    this.valueLength = cursor.varint();
    if (!(cursor.position + Math.max(0, this.valueLength) <= this.end)) this.#fail();
  }

  #fail(): never {
    throw new MalformedRecordsError(`the record at byte ${this.start} is malformed`);
  }
}
