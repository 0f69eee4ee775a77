import { PoisonRecord } from '../operators/operator.ts';
import type { TableSource } from '../topology/nodes.ts';
import type { SourceRecord, TableView } from '../topology/source-record.ts';
import { decode } from './record-decoding.ts';

/** What the newest record of a record key and a row key says. */
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
 * The rows of one table. Whatever keys its records have, the row's own key decides: of several
 * records the newest by timestamp, then partition, then offset, is the row; of one record key the
 * last, always. A tombstone removes all rows that records of its key have brought.
 *
 * As long as each record key stands for one row, the rows are the same before and after compaction,
 * in whatever order the partitions are read. A record without a key counts as one whose key is that
 * of its row.
 */
export class TableRows implements TableView<unknown> {
  readonly #source: TableSource;
  readonly #newest = new Map<string, Version>();
  readonly #byRecordKey = new Map<string, Version[]>();
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
      return recordKey === null ? [] : this.#removeAll(recordKey);
    }
    const row: unknown = await decode(this.#source, record);
    const key = this.#keyOf(row, recordKey);
    const { timestamp, partition, offset } = record;
    const version = { key, row, timestamp, partition, offset, older: null };
    this.#replace(recordKey ?? key, version);
    return [key];
  }

  #replace(recordKey: string, next: Version): void {
    const versions = this.#byRecordKey.get(recordKey);
    const at = versions?.findIndex(({ key }) => key === next.key) ?? -1;
    if (versions === undefined) {
      this.#byRecordKey.set(recordKey, [next]);
    } else if (at < 0) {
      versions.push(next);
    } else {
      this.#remove(versions[at] as Version);
      versions[at] = next;
    }
    this.#add(next);
  }

  #removeAll(recordKey: string): string[] {
    const versions = this.#byRecordKey.get(recordKey) ?? [];
    this.#byRecordKey.delete(recordKey);
    for (const version of versions) this.#remove(version);
    return versions.map(({ key }) => key);
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
