/** One record of a source topic, as it is on the log. */
export interface SourceRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since epoch: the record's own time (CreateTime or LogAppendTime). */
  readonly timestamp: number;
  readonly key: Buffer | null;
  /** Null is a tombstone. */
  readonly value: Buffer | null;
  /** In the order of the record; a name may come more than once. */
  readonly headers: ReadonlyArray<readonly [Buffer, Buffer | null]>;
}

/** What an operator may know besides the value. There is no wall clock in it, on purpose. */
export interface OperatorContext {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since epoch: the record's own time. */
  readonly timestamp: number;
  /** Milliseconds since epoch: what `eventTime` says, else the record's own time. */
  readonly eventTime: number;
  /** The source record's key as text; null when it has none. */
  readonly key: string | null;
  /** 1 at the first try of this record. */
  readonly attempt: number;
}
