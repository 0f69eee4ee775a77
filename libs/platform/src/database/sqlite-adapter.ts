import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import type {
  SqlDriverAdapter,
  SqlMigrationAwareDriverAdapterFactory,
  SqlQuery,
  Transaction,
} from '@prisma/driver-adapter-utils';
import type BetterSqlite3 from 'better-sqlite3';

export interface SqliteOptions {
  readonly file: string;
  /** FULL: a commit is on the disk when it returns. NORMAL: it survives a crash of the process. */
  readonly synchronous: 'FULL' | 'NORMAL';
}

/** How long a statement waits for another process's write transaction. */
export const BUSY_TIMEOUT_MS = 5_000;

/**
 * Prisma's adapter for SQLite, with three things set right for a file that several processes write:
 *
 * - the connection's pragmas (WAL, synchronous, foreign keys);
 * - transactions start with BEGIN IMMEDIATE. With the adapter's BEGIN, a transaction that reads
 *   and then writes fails at once, without waiting, if another process wrote in between;
 * - a statement outside a transaction waits while one is open. The adapter has one connection, on
 *   which such a statement would otherwise become a part of the transaction, and vanish with it.
 */
export function createSqliteAdapter(options: SqliteOptions): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaBetterSqlite3({ url: options.file, timeout: BUSY_TIMEOUT_MS });
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => configure(await factory.connect(), options),
    connectToShadowDb: () => factory.connectToShadowDb(),
  };
}

/** Sets the pragmas of a connection that is used without Prisma. */
export function applyPragmas(
  client: BetterSqlite3.Database,
  options: Pick<SqliteOptions, 'synchronous'>,
): void {
  client.pragma('journal_mode = WAL');
  client.pragma(`synchronous = ${options.synchronous}`);
  client.pragma('foreign_keys = ON');
}

function configure(adapter: SqlDriverAdapter, options: SqliteOptions): SqlDriverAdapter {
  // The adapter's connection is a public field of its class, but not of its interface.
  const client = (adapter as unknown as { client: BetterSqlite3.Database }).client;
  applyPragmas(client, options);
  return new ExclusiveAdapter(adapter, client);
}

class ExclusiveAdapter implements SqlDriverAdapter {
  readonly provider: SqlDriverAdapter['provider'];
  readonly adapterName: SqlDriverAdapter['adapterName'];
  readonly #inner: SqlDriverAdapter;
  readonly #client: BetterSqlite3.Database;
  /** Settles when the open transaction, and those that wait before us, have ended. */
  #tail: Promise<void> | undefined;

  constructor(inner: SqlDriverAdapter, client: BetterSqlite3.Database) {
    this.#inner = inner;
    this.#client = client;
    this.provider = inner.provider;
    this.adapterName = inner.adapterName;
    // We begin the transaction ourselves, below, before the inner adapter does.
    const prepare = client.prepare.bind(client) as (sql: string) => BetterSqlite3.Statement;
    const nothing = { run: () => undefined };
    client.prepare = ((sql: string) =>
      sql === 'BEGIN' ? nothing : prepare(sql)) as unknown as typeof client.prepare;
  }

  async queryRaw(query: SqlQuery): ReturnType<SqlDriverAdapter['queryRaw']> {
    while (this.#tail) await this.#tail;
    return this.#inner.queryRaw(query);
  }

  async executeRaw(query: SqlQuery): Promise<number> {
    while (this.#tail) await this.#tail;
    return this.#inner.executeRaw(query);
  }

  async executeScript(script: string): Promise<void> {
    while (this.#tail) await this.#tail;
    return this.#inner.executeScript(script);
  }

  async startTransaction(
    ...level: Parameters<SqlDriverAdapter['startTransaction']>
  ): Promise<Transaction> {
    while (this.#tail) await this.#tail;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tail = promise;
    const release = (): void => {
      this.#tail = undefined;
      resolve();
    };
    try {
      this.#client.exec('BEGIN IMMEDIATE');
      const transaction = await this.#inner.startTransaction(...level);
      return releasing(transaction, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  getConnectionInfo(): ReturnType<NonNullable<SqlDriverAdapter['getConnectionInfo']>> {
    return this.#inner.getConnectionInfo?.() ?? { supportsRelationJoins: false };
  }

  dispose(): Promise<void> {
    return this.#inner.dispose();
  }
}

function releasing(transaction: Transaction, release: () => void): Transaction {
  const commit = transaction.commit.bind(transaction);
  const rollback = transaction.rollback.bind(transaction);
  transaction.commit = () => commit().finally(release);
  transaction.rollback = () => rollback().finally(release);
  return transaction;
}
