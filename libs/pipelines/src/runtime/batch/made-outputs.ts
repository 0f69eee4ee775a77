import Database from 'better-sqlite3';

/** A line of a result file. */
export interface ResultLine {
  readonly file: string;
  /** Lines of the same identity stand for each other, the last one counts. */
  readonly id: string;
  readonly order: string;
  /** With its end. */
  readonly text: string;
  /** What it adds to the totals of the file: whole numbers, with spaces between; empty for none. */
  readonly totals: string;
}

/** A message to a task of the next stage. */
export interface StageMessage {
  readonly topic: string;
  readonly partition: number;
  readonly value: Uint8Array;
}

/** What came of one commit of a task. */
export interface MadeUnit {
  /** The same when the commit is delivered again. */
  readonly name: string;
  readonly lines: readonly ResultLine[];
  readonly messages: readonly StageMessage[];
  /** Records written to sink topics. */
  readonly written: number;
  readonly deadLettered: number;
}

export interface MadeCounts {
  readonly written: number;
  readonly deadLettered: number;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS unit (name TEXT PRIMARY KEY, written INTEGER NOT NULL,
    deadLettered INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS line (file TEXT, id TEXT, "order" TEXT NOT NULL, text TEXT NOT NULL,
    totals TEXT NOT NULL DEFAULT '', PRIMARY KEY (file, id)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS lineOrder ON line (file, "order", id);
  CREATE TABLE IF NOT EXISTS message (number INTEGER PRIMARY KEY, topic TEXT NOT NULL,
    partition INTEGER NOT NULL, value BLOB NOT NULL);
  CREATE INDEX IF NOT EXISTS messageOrder ON message (topic, partition, number);
`;
const PAGE = 1_000;

/**
 * What a task of a batch run has made for the next stage and for result files, and what it has
 * counted, in a SQLite file. A commit's part of it is one transaction, under the commit's name: one
 * that is delivered again is found to be there.
 */
export class MadeOutputs {
  readonly #database: Database.Database;
  readonly #write: (unit: MadeUnit) => void;

  /** Opens the file, or makes it. */
  constructor(file: string) {
    const database = new Database(file);
    this.#database = database;
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.exec(TABLES);
    this.#write = database.transaction((unit: MadeUnit) => this.#apply(unit)).immediate;
  }

  has(unit: string): boolean {
    return this.#database.prepare('SELECT 1 FROM unit WHERE name = ?').get(unit) !== undefined;
  }

  /** On the disk when it returns. */
  write(unit: MadeUnit): void {
    this.#write(unit);
  }

  counts(): MadeCounts {
    return this.#database
      .prepare(
        'SELECT COALESCE(SUM(written), 0) AS written, COALESCE(SUM(deadLettered), 0) AS deadLettered FROM unit',
      )
      .get() as MadeCounts;
  }

  /** Names of the files that there are lines for. */
  files(): string[] {
    return this.#database
      .prepare('SELECT DISTINCT file FROM line ORDER BY file')
      .pluck()
      .all() as string[];
  }

  /** The lines of a file in their order. */
  *lines(file: string): Generator<ResultLine> {
    const read = this.#database.prepare(
      `SELECT * FROM line WHERE file = ? AND ("order", id) > (?, ?) ORDER BY "order", id LIMIT ${PAGE}`,
    );
    for (let last = { order: '', id: '' }; ;) {
      const page = read.all(file, last.order, last.id) as ResultLine[];
      yield* page;
      if (page.length < PAGE) return;
      last = page.at(-1) as ResultLine;
    }
  }

  /** The messages to a partition of an internal topic, in the order in which they were sent. */
  *messages(topic: string, partition: number): Generator<Buffer> {
    const read = this.#database.prepare(
      `SELECT number, value FROM message WHERE topic = ? AND partition = ? AND number > ? ORDER BY number LIMIT ${PAGE}`,
    );
    for (let last = 0; ;) {
      const page = read.all(topic, partition, last) as Array<{ number: number; value: Buffer }>;
      for (const { value } of page) yield value;
      if (page.length < PAGE) return;
      last = page.at(-1)?.number ?? last;
    }
  }

  close(): void {
    this.#database.close();
  }

  #apply({ name, lines, messages, written, deadLettered }: MadeUnit): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO unit VALUES (?, ?, ?)')
      .run(name, written, deadLettered);
    const putLine = this.#database.prepare('INSERT OR REPLACE INTO line VALUES (?, ?, ?, ?, ?)');
    for (const { file, id, order, text, totals } of lines) {
      putLine.run(file, id, order, text, totals);
    }
    const putMessage = this.#database.prepare('INSERT INTO message VALUES (NULL, ?, ?, ?)');
    for (const { topic, partition, value } of messages) putMessage.run(topic, partition, value);
  }
}
