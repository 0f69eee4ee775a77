import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import type {
  SqlDriverAdapter,
  SqlMigrationAwareDriverAdapterFactory,
  SqlQuery,
  Transaction,
} from '@prisma/driver-adapter-utils';
import type BetterSqlite3 from 'better-sqlite3';
import { DatabaseAccess, type DatabaseAccessOptions } from './database-access.ts';

export interface SqliteOptions {
  readonly file: string;
  /** FULL: a commit is on the disk when it returns. NORMAL: it survives a crash of the process. */
  readonly synchronous: 'FULL' | 'NORMAL';
  readonly onProblem?: DatabaseAccessOptions['onProblem'];
}

interface SqliteAdapterFactory extends SqlMigrationAwareDriverAdapterFactory {
  connect(): Promise<SqliteAdapter>;
}

/**
 * Prisma's adapter for SQLite, with four things set right for a file that several processes write:
 *
 * - the connection's pragmas (WAL, synchronous, foreign keys);
 * - transactions start with BEGIN IMMEDIATE. With the adapter's BEGIN, a transaction that reads
 *   and then writes fails at once, without waiting, if another process wrote in between;
 * - a statement outside a transaction waits while one is open. The adapter has one connection, on
 *   which such a statement would otherwise become a part of the transaction, and vanish with it;
 * - what waits for another process's lock waits without holding up the others (DatabaseAccess).
 */
export function createSqliteAdapter(options: SqliteOptions): SqliteAdapterFactory {
  const factory = new PrismaBetterSqlite3({ url: options.file, timeout: 0 });
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

async function configure(
  adapter: SqlDriverAdapter,
  options: SqliteOptions,
): Promise<SqliteAdapter> {
  // The adapter's connection is a public field of its class, but not of its interface.
  const client = (adapter as unknown as { client: BetterSqlite3.Database }).client;
  const access = new DatabaseAccess({
    file: options.file,
    client,
    onProblem: options.onProblem,
  });
  try {
    await access.run(async () => applyPragmas(client, options));
  } catch (error) {
    access.close();
    await adapter.dispose();
    throw error;
  }
  return new SqliteAdapter(adapter, client, access);
}

export class SqliteAdapter implements SqlDriverAdapter {
  readonly provider: SqlDriverAdapter['provider'];
  readonly adapterName: SqlDriverAdapter['adapterName'];
  readonly #inner: SqlDriverAdapter;
  readonly #client: BetterSqlite3.Database;
  readonly #access: DatabaseAccess;
  /** Settles when the open transaction, and those that wait before us, have ended. */
  #tail: Promise<void> | undefined;

  constructor(inner: SqlDriverAdapter, client: BetterSqlite3.Database, access: DatabaseAccess) {
    this.#inner = inner;
    this.#client = client;
    this.#access = access;
    this.provider = inner.provider;
    this.adapterName = inner.adapterName;
    // The transaction is begun below, before the inner adapter would begin it.
    const prepare = client.prepare.bind(client) as (sql: string) => BetterSqlite3.Statement;
    const nothing = { run: () => undefined };
    client.prepare = ((sql: string) =>
      sql === 'BEGIN' ? nothing : prepare(sql)) as unknown as typeof client.prepare;
  }

  queryRaw(query: SqlQuery): ReturnType<SqlDriverAdapter['queryRaw']> {
    return this.#outside(() => this.#inner.queryRaw(query));
  }

  executeRaw(query: SqlQuery): Promise<number> {
    return this.#outside(() => this.#inner.executeRaw(query));
  }

  executeScript(script: string): Promise<void> {
    return this.#outside(() => this.#inner.executeScript(script));
  }

  async startTransaction(
    ...level: Parameters<SqlDriverAdapter['startTransaction']>
  ): Promise<Transaction> {
    const release = await this.#outside(async () => {
      this.#client.exec('BEGIN IMMEDIATE');
      return this.#holdOthers();
    });
    try {
      return this.#within(await this.#inner.startTransaction(...level), release);
    } catch (error) {
      if (this.#client.inTransaction) this.#client.exec('ROLLBACK');
      release();
      throw error;
    }
  }

  getConnectionInfo(): ReturnType<NonNullable<SqlDriverAdapter['getConnectionInfo']>> {
    return this.#inner.getConnectionInfo?.() ?? { supportsRelationJoins: false };
  }

  /** The process is ending: from now on it does not wait for a locked database. */
  hurry(): void {
    this.#access.hurry();
  }

  dispose(): Promise<void> {
    this.#access.close();
    return this.#inner.dispose();
  }

  /** No `await` between the check of the tail and the statement: nothing may run in between. */
  #outside<T>(work: () => Promise<T>): Promise<T> {
    return this.#access.run(async () => {
      while (this.#tail) await this.#tail;
      return work();
    });
  }

  #holdOthers(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tail = promise;
    return () => {
      this.#tail = undefined;
      resolve();
    };
  }

  #within(transaction: Transaction, release: () => void): Transaction {
    const { queryRaw, executeRaw, commit, rollback } = transaction;
    transaction.queryRaw = (query) => this.#access.once(() => queryRaw.call(transaction, query));
    transaction.executeRaw = (query) =>
      this.#access.once(() => executeRaw.call(transaction, query));
    transaction.commit = () => commit.call(transaction).finally(release);
    transaction.rollback = () => rollback.call(transaction).finally(release);
    return transaction;
  }
}
