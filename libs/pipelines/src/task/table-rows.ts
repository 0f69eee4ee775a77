import { PoisonRecord } from '../operators/operator.ts';
import type { TableSource } from '../topology/nodes.ts';
import type { SourceRecord, TableView } from '../topology/source-record.ts';
import { decode } from './record-decoding.ts';

/** The rows of one table: the newest record of each key. */
export class TableRows implements TableView<unknown> {
  readonly #source: TableSource;
  readonly #rows = new Map<string, unknown>();
  /** The row that each record key stands for, so that a tombstone finds it. */
  readonly #keyOfRecord = new Map<string, string>();

  constructor(source: TableSource) {
    this.#source = source;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): unknown {
    return this.#rows.get(key);
  }

  entries(): Iterable<readonly [string, unknown]> {
    return this.#rows.entries();
  }

  /**
   * Takes a record of the table's topic; returns the key whose row changed, null when none did.
   * Rejects with PoisonRecord for a record that is no row; the row before stays.
   */
  async take(record: SourceRecord): Promise<string | null> {
    const recordKey = record.key?.toString('utf8') ?? null;
    if (record.value === null) {
      return recordKey === null ? null : this.#remove(recordKey);
    }
    const row: unknown = await decode(this.#source, record);
    const key = this.#keyOf(row, recordKey);
    if (recordKey !== null) this.#keyOfRecord.set(recordKey, key);
    this.#rows.set(key, row);
    return key;
  }

  #remove(recordKey: string): string | null {
    const key = this.#keyOfRecord.get(recordKey) ?? recordKey;
    this.#keyOfRecord.delete(recordKey);
    return this.#rows.delete(key) ? key : null;
  }

  #keyOf(row: unknown, recordKey: string | null): string {
    let key: unknown;
    try {
      key = this.#source.key === null ? recordKey : this.#source.key(row);
    } catch (cause) {
      throw new PoisonRecord('table key', cause);
    }
    if (typeof key !== 'string') {
      throw new PoisonRecord('table key', new TypeError('the row has no key'));
    }
    return key;
  }
}
