import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import type { Outbox, StateBacking, StateChanges, TimedEntry, TimedKey } from './state-backing.ts';

/** Layout of the file, kept as SQLite's `user_version`. Another one is refused. */
const LAYOUT = 1;

const TABLES = `
  CREATE TABLE owner (id INTEGER PRIMARY KEY CHECK (id = 0), name TEXT NOT NULL);
  CREATE TABLE header (id INTEGER PRIMARY KEY CHECK (id = 0), json TEXT NOT NULL);
  CREATE TABLE keyed (space TEXT, key TEXT, json TEXT NOT NULL, PRIMARY KEY (space, key)) WITHOUT ROWID;
  CREATE TABLE timed (space TEXT, time REAL, "order" TEXT, json TEXT NOT NULL,
    PRIMARY KEY (space, time, "order")) WITHOUT ROWID;
  CREATE TABLE outbox (sequence INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
`;

/** A state file that this version cannot read, or that is locked for longer than a moment. */
export class StateFileError extends Error {
  override readonly name = 'StateFileError';
  /** Whether it is locked, so that waiting helps. */
  readonly isLocked: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isLocked: boolean }) {
    super(message, options);
    this.isLocked = options.isLocked;
  }
}

/** Somebody opened the state after this one did: what was not committed is theirs to do again. */
export class StateFenced extends Error {
  override readonly name = 'StateFenced';
}

/**
 * State in a SQLite file of one task. A commit is one transaction: a killed process leaves it whole
 * or not at all.
 *
 * What a power cut takes from the end is made again from the records behind the kept positions, as
 * the same outputs. Only a task that numbers what it sends to the next stage must not forget that
 * it sent it: it asks for commits that are on the disk before its outputs are.
 *
 * The file belongs to who opened it last. A process that was paused for long and lost its
 * partitions meanwhile finds that its next commit is refused (StateFenced), and has written
 * nothing.
 */
export class SqliteBacking implements StateBacking {
  readonly #name = randomUUID();
  readonly #file: string;
  readonly #database: Database.Database;
  readonly #read: Database.Statement<[string, string], { json: string }>;
  readonly #timed: Database.Statement<[string, number, string, number], TimedEntry>;
  readonly #putKeyed: Database.Statement<[string, string, string]>;
  readonly #removeKeyed: Database.Statement<[string, string]>;
  readonly #putTimed: Database.Statement<[string, number, string, string]>;
  readonly #removeTimed: Database.Statement<[string, number, string]>;
  readonly #write: (changes: StateChanges) => void;

  /**
   * Opens the file, or makes it with its folders.
   *
   * @param options `synced`: a commit is on the disk when `write` returns
   * @throws StateFileError when it is locked, or was written by another version
   */
  constructor(file: string, options: { readonly synced: boolean }) {
    mkdirSync(dirname(file), { recursive: true });
    this.#file = file;
    this.#database = openFile(file, options.synced, this.#name);
    const database = this.#database;
    this.#read = database.prepare('SELECT json FROM keyed WHERE space = ? AND key = ?');
    this.#timed = database.prepare(
      'SELECT time, "order", json FROM timed WHERE space = ? AND (time, "order") > (?, ?) ORDER BY time, "order" LIMIT ?',
    );
    this.#putKeyed = database.prepare('INSERT OR REPLACE INTO keyed VALUES (?, ?, ?)');
    this.#removeKeyed = database.prepare('DELETE FROM keyed WHERE space = ? AND key = ?');
    this.#putTimed = database.prepare('INSERT OR REPLACE INTO timed VALUES (?, ?, ?, ?)');
    this.#removeTimed = database.prepare(
      'DELETE FROM timed WHERE space = ? AND time = ? AND "order" = ?',
    );
    this.#write = database.transaction((changes: StateChanges) => this.#apply(changes)).immediate;
  }

  read(space: string, key: string): string | null {
    return this.#read.get(space, key)?.json ?? null;
  }

  isEmpty(space: string): boolean {
    return this.#database.prepare('SELECT 1 FROM keyed WHERE space = ? LIMIT 1').get(space) == null;
  }

  *entries(space: string): Iterable<readonly [string, string]> {
    const rows = this.#database
      .prepare<[string], { key: string; json: string }>(
        'SELECT key, json FROM keyed WHERE space = ?',
      )
      .all(space);
    for (const { key, json } of rows) {
      yield [key, json];
    }
  }

  timed(space: string, after: TimedKey, limit: number): TimedEntry[] {
    return this.#timed.all(space, after.time, after.order, limit);
  }

  readHeader(): string | null {
    const row = this.#database.prepare('SELECT json FROM header').get() as
      { json: string } | undefined;
    return row?.json ?? null;
  }

  undelivered(): Outbox[] {
    return this.#database.prepare('SELECT * FROM outbox ORDER BY sequence').all() as Outbox[];
  }

  write(changes: StateChanges): void {
    this.#write(changes);
  }

  close(): void {
    this.#database.close();
  }

  #checkOwner(): void {
    const owner = this.#database.prepare('SELECT name FROM owner').pluck().get();
    if (owner !== this.#name) {
      throw new StateFenced(`${this.#file} was taken over by another worker`);
    }
  }

  #apply({ header, keyed, timed, outbox, deliveredUpTo }: StateChanges): void {
    this.#checkOwner();
    for (const [space, entries] of keyed) {
      for (const [key, json] of sortedByKey(entries)) {
        if (json === null) this.#removeKeyed.run(space, key);
        else this.#putKeyed.run(space, key, json);
      }
    }
    for (const [space, entries] of timed) {
      for (const { time, order, json } of entries) {
        if (json === null) this.#removeTimed.run(space, time, order);
        else this.#putTimed.run(space, time, order, json);
      }
    }
    this.#database.prepare('DELETE FROM outbox WHERE sequence <= ?').run(deliveredUpTo);
    if (outbox !== null) {
      this.#database.prepare('INSERT INTO outbox VALUES (?, ?)').run(outbox.sequence, outbox.bytes);
    }
    this.#database.prepare('INSERT OR REPLACE INTO header VALUES (0, ?)').run(header);
  }
}

/** As they lie in the table: neighbours then go to one page, one after the other. */
function sortedByKey<Value>(entries: ReadonlyMap<string, Value>): (readonly [string, Value])[] {
  return [...entries].sort(([left], [right]) => (left < right ? -1 : 1));
}

/**
 * The header of a state in a file, which may belong to another worker; null when nothing was
 * committed into it.
 *
 * @throws StateFileError as the constructor does
 */
export function readStateHeader(file: string): string | null {
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 1_000 });
  try {
    if (!hasLayout(database, file)) return null;
    const row = database.prepare('SELECT json FROM header').get() as { json: string } | undefined;
    return row?.json ?? null;
  } catch (error) {
    throw toFileError(file, error);
  } finally {
    database.close();
  }
}

function openFile(file: string, synced: boolean, owner: string): Database.Database {
  const database = new Database(file, { timeout: 1_000 });
  try {
    database.pragma('journal_mode = WAL');
    database.pragma(`synchronous = ${synced ? 'FULL' : 'NORMAL'}`);
    if (!hasLayout(database, file)) {
      database.transaction(() => {
        database.exec(TABLES);
        database.pragma(`user_version = ${LAYOUT}`);
      })();
    }
    database.prepare('INSERT OR REPLACE INTO owner VALUES (0, ?)').run(owner);
    return database;
  } catch (error) {
    database.close();
    throw toFileError(file, error);
  }
}

/** Whether the file has its tables; false in one that was just made. */
function hasLayout(database: Database.Database, file: string): boolean {
  const layout = database.pragma('user_version', { simple: true });
  if (layout !== 0 && layout !== LAYOUT) {
    throw new StateFileError(
      `${file} has the layout ${String(layout)}; this version reads layout ${LAYOUT}`,
      { isLocked: false },
    );
  }
  return layout === LAYOUT;
}

function toFileError(file: string, error: unknown): unknown {
  const isBusy = error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY';
  return isBusy ? new StateFileError(`${file} is locked`, { cause: error, isLocked: true }) : error;
}
