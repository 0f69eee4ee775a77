/** Where the state of a task is kept between commits. Values are JSON. */
export interface StateBacking {
  /** The JSON under a key; null when there is none. */
  read(space: string, key: string): string | null;
  /** Whether a space has no keys. */
  isEmpty(space: string): boolean;
  /** All keys of a space with their JSON, in no particular order. */
  entries(space: string): Iterable<readonly [key: string, json: string]>;
  /** Entries of a timed space behind (time, order), in that order, at most `limit`. */
  timed(space: string, after: TimedKey, limit: number): TimedEntry[];
  /** What `write` was given last as its header; null when it was never called. */
  readHeader(): string | null;
  /** Outputs that were committed and are not known to be delivered, the oldest first. */
  undelivered(): Outbox[];
  /** Makes all changes durable, or none of them. */
  write(changes: StateChanges): void;
  close(): void;
}

export interface TimedKey {
  readonly time: number;
  readonly order: string;
}

export interface TimedEntry extends TimedKey {
  readonly json: string;
}

/** The outputs of one commit, numbered without gap. */
export interface Outbox {
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

export interface StateChanges {
  /** Positions and watermarks that this state belongs to, as JSON. */
  readonly header: string;
  /** By space; null removes a key. */
  readonly keyed: ReadonlyMap<string, ReadonlyMap<string, string | null>>;
  readonly timed: ReadonlyMap<string, ReadonlyArray<TimedKey & { readonly json: string | null }>>;
  /** Outputs to keep until they are delivered. */
  readonly outbox: Outbox | null;
  /** Outputs up to this sequence are delivered and need not be kept. */
  readonly deliveredUpTo: number;
}
