import Database from 'better-sqlite3';
import { BUSY_TIMEOUT_MS } from './database-access.ts';
import { applyPragmas, type SqliteOptions } from './sqlite-adapter.ts';

/** A connection beside Prisma's, for what is written too often for Prisma. */
export type SqliteConnection = Database.Database;

/** Opens a database that has been migrated; the caller closes it. */
export function openSqlite({ file, synchronous }: SqliteOptions): SqliteConnection {
  const connection = new Database(file, { timeout: BUSY_TIMEOUT_MS, fileMustExist: true });
  applyPragmas(connection, { synchronous });
  return connection;
}
