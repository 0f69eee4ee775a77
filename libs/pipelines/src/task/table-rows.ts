import { PoisonRecord } from '../operators/operator.ts';
import type { TableSource } from '../topology/nodes.ts';
import type { SourceRecord, TableView } from '../topology/source-record.ts';
import { decode } from './record-decoding.ts';

/** What one record key says now. */
interface Version {
  readonly key: string;
  readonly row: unknown;
  readonly timestamp: number;
  readonly partition: number;
  readonly offset: number;
  /** The next older one with the same row key, of another record key. */
  older: Version | null;
}

/**
 * The rows of one table: what the newest record of each record key says. When several record keys
 * stand for the same row, the newest of them by timestamp, then partition, then offset, is the row.
 *
 * So the rows depend on the newest record of each record key alone, and are the same before and
 * after compaction, in whatever order the partitions are read. A record without a key counts as one
 * whose key is that of its row.
 */
export class TableRows implements TableView<unknown> {
  readonly #source: TableSource;
  readonly #newest = new Map<string, Version>();
  readonly #byRecordKey = new Map<string, Version>();
  #sortedKeys: string[] | null = null;

  constructor(source: TableSource) {
    this.#source = source;
  }

  get size(): number {
    return this.#newest.size;
  }

  get(key: string): unknown {
    return this.#newest.get(key)?.row;
  }

  /** In the order of the keys, by code units. */
  *entries(): Generator<readonly [string, unknown]> {
    this.#sortedKeys ??= [...this.#newest.keys()].sort();
    for (const key of this.#sortedKeys) {
      const version = this.#newest.get(key);
      if (version !== undefined) yield [key, version.row];
    }
  }

  /**
   * Takes a record of the table's topic; returns the keys whose rows it changed. Rejects with
   * PoisonRecord for a record that is no row; what its key said before stays.
   */
  async take(record: SourceRecord): Promise<string[]> {
    const recordKey = record.key?.toString('utf8') ?? null;
    if (record.value === null) {
      return recordKey === null ? [] : this.#replace(recordKey, null);
    }
    const row: unknown = await decode(this.#source, record);
    const key = this.#keyOf(row, recordKey);
    const { timestamp, partition, offset } = record;
    const version = { key, row, timestamp, partition, offset, older: null };
    return this.#replace(recordKey ?? key, version);
  }

  /** A record key says something else, or nothing any more. */
  #replace(recordKey: string, next: Version | null): string[] {
    const last = this.#byRecordKey.get(recordKey);
    if (last !== undefined) this.#remove(last);
    if (next === null) {
      this.#byRecordKey.delete(recordKey);
    } else {
      this.#byRecordKey.set(recordKey, next);
      this.#add(next);
    }
    return [...new Set([last?.key, next?.key].filter((key) => key !== undefined))];
  }

  #add(version: Version): void {
    const newest = this.#newest.get(version.key);
    if (newest === undefined) this.#sortedKeys = null;
    if (newest === undefined || isNewer(version, newest)) {
      version.older = newest ?? null;
      this.#newest.set(version.key, version);
      return;
    }
    let above = newest;
    while (above.older !== null && isNewer(above.older, version)) above = above.older;
    version.older = above.older;
    above.older = version;
  }

  #remove(version: Version): void {
    const newest = this.#newest.get(version.key) as Version;
    if (newest !== version) {
      let above = newest;
      while (above.older !== version) above = above.older as Version;
      above.older = version.older;
    } else if (version.older === null) {
      this.#newest.delete(version.key);
      this.#sortedKeys = null;
    } else {
      this.#newest.set(version.key, version.older);
    }
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

function isNewer(one: Version, other: Version): boolean {
  return (
    (one.timestamp - other.timestamp ||
      one.partition - other.partition ||
      one.offset - other.offset) > 0
  );
}
