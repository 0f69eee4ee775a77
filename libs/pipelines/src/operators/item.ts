import type { SourceRecord } from '../topology/source-record.ts';

/** Where an item comes from. Rows of windows and what timers write come from no single record. */
export interface Origin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since epoch. */
  readonly timestamp: number;
  /** The record as it came, for the dead-letter topic; null when there is none. */
  readonly record: SourceRecord | null;
}

interface ItemFields {
  readonly origin: Origin;
  readonly value: unknown;
  /** Undefined: no operator gave one, the record's own counts. */
  readonly key: string | null | undefined;
  /** Event time, ms since epoch. */
  readonly time: number;
  /**
   * How far event time had come in the item's own source partition before it, less the source's
   * lateness, in ms since epoch. An item is late when its time is below.
   */
  readonly mark: number;
  /** The same whenever the same records are read. */
  readonly id: string;
  /** Whether an operator made the value, so that the record's bytes no longer say it. */
  readonly changed: boolean;
  /** [start, end) of the window that the item is the row of, ms since epoch. */
  readonly window: readonly [start: number, end: number] | null;
}

/** A value on its way through the operators. It never changes; each operator makes its own. */
export class Item implements ItemFields {
  readonly origin: Origin;
  readonly value: unknown;
  readonly key: string | null | undefined;
  readonly time: number;
  readonly mark: number;
  readonly id: string;
  readonly changed: boolean;
  readonly window: readonly [number, number] | null;

  constructor(fields: ItemFields) {
    this.origin = fields.origin;
    this.value = fields.value;
    this.key = fields.key;
    this.time = fields.time;
    this.mark = fields.mark;
    this.id = fields.id;
    this.changed = fields.changed;
    this.window = fields.window;
  }

  /** The item of a record. */
  static of(record: SourceRecord, value: unknown = null, time = 0, mark = -Infinity): Item {
    const { topic, partition, offset, timestamp } = record;
    return new Item({
      origin: { topic, partition, offset, timestamp, record },
      value,
      key: undefined,
      time,
      mark,
      id: `${topic}/${partition}/${offset}`,
      changed: false,
      window: null,
    });
  }

  /** An item that was kept as JSON. */
  static revive(kept: unknown): Item {
    return kept instanceof Item ? kept : fromJson(kept as KeptItem);
  }

  /** The same item but for some of its fields. */
  with(changes: Partial<ItemFields>): Item {
    const { origin, value, key, time, mark, id, changed, window } = this;
    return new Item({ origin, value, key, time, mark, id, changed, window, ...changes });
  }

  withValue(value: unknown, id: string = this.id): Item {
    const { origin, key, time, mark, window } = this;
    return new Item({ origin, value, key, time, mark, id, changed: true, window });
  }

  withKey(key: string | null): Item {
    return this.with({ key });
  }

  withId(id: string): Item {
    return this.with({ id });
  }

  /** The key that counts: what an operator gave, else the record's own as text. */
  get effectiveKey(): string | null {
    return this.key === undefined ? (this.origin.record?.key?.toString('utf8') ?? null) : this.key;
  }

  /**
   * Where the item stands among those of the same time: by topic, partition, offset. What comes
   * from no single record has no place on a log, so that it is the same whatever task made it.
   */
  get order(): string {
    const { topic, offset } = this.origin;
    const partition = offset < 0 ? 0 : this.origin.partition;
    return `${topic}\u0000${pad(partition, 10)}\u0000${pad(offset + 1, 16)}\u0000${this.id}`;
  }

  toJSON(): KeptItem {
    const { origin, window } = this;
    const { topic, partition, offset, timestamp, record } = origin;
    return {
      o: [topic, partition, offset, timestamp],
      ...(record !== null && { r: keepRecord(record) }),
      v: this.value,
      ...(this.key !== undefined && { k: this.key }),
      t: this.time,
      m: Number.isFinite(this.mark) ? this.mark : null,
      i: this.id,
      ...(this.changed && { c: 1 as const }),
      ...(window !== null && { w: window }),
    };
  }
}

/** An item as JSON keeps it. Bytes are base64; a mark before all time is null. */
export interface KeptItem {
  readonly o: readonly [topic: string, partition: number, offset: number, timestamp: number];
  readonly r?: KeptRecord;
  readonly v: unknown;
  readonly k?: string | null;
  readonly t: number;
  readonly m: number | null;
  readonly i: string;
  readonly c?: 1;
  readonly w?: readonly [number, number];
}

type KeptRecord = readonly [
  key: string | null,
  value: string | null,
  headers: ReadonlyArray<readonly [string, string | null]>,
];

function keepRecord({ key, value, headers }: SourceRecord): KeptRecord {
  return [
    toBase64(key),
    toBase64(value),
    headers.map(([name, content]) => [name.toString('base64'), toBase64(content)] as const),
  ];
}

function fromJson(kept: KeptItem): Item {
  const [topic, partition, offset, timestamp] = kept.o;
  const position = { topic, partition, offset, timestamp };
  return new Item({
    origin: {
      ...position,
      record: kept.r === undefined ? null : { ...position, ...reviveRecord(kept.r) },
    },
    value: kept.v,
    key: kept.k,
    time: kept.t,
    mark: kept.m ?? -Infinity,
    id: kept.i,
    changed: kept.c === 1,
    window: kept.w ?? null,
  });
}

function reviveRecord([key, value, headers]: KeptRecord): Pick<
  SourceRecord,
  'key' | 'value' | 'headers'
> {
  return {
    key: fromBase64(key),
    value: fromBase64(value),
    headers: headers.map(
      ([name, content]) => [Buffer.from(name, 'base64'), fromBase64(content)] as const,
    ),
  };
}

function toBase64(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('base64');
}

function fromBase64(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'base64');
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
