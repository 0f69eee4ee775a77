/** One header of a record; names may repeat. */
export interface RecordHeader {
  readonly name: Buffer;
  readonly value: Buffer | null;
}

/** A record as it came in, before it has a partition and an offset. */
export interface IncomingRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
  /** Undefined: the key decides, or nothing does. */
  readonly partition: number | undefined;
  /** ms since epoch; undefined: when it is appended. */
  readonly timestamp: number | undefined;
}

export const NO_HEADERS: readonly RecordHeader[] = [];
