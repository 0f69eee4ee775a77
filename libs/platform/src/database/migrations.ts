import { existsSync, mkdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { applyMigrations } from './applied-migrations.ts';
import { BUSY_TIMEOUT_MS } from './database-access.ts';
import { DatabaseProblem } from './database-problem.ts';
import { lockHolder } from './lock-holder.ts';
import {
  MigrationError,
  readMigrations,
  type MigrateOptions,
  type Migration,
} from './migration-files.ts';

interface AppliedMigration {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished_at: unknown;
  readonly rolled_back_at: unknown;
}

const LOCK_DEADLINE_MS = 30_000;
const LOCK_RETRY_MS = 25;

/**
 * Brings a database to the schema of its migrations and returns the names of those it applied.
 *
 * When nothing is to be done this takes about a millisecond. Otherwise what is missing is applied,
 * each migration in one transaction of its own, so that one that fails leaves the database as it
 * was. Processes that start at once wait for each other.
 * @throws MigrationError if an applied migration was edited or is unknown, or if one fails.
 * @throws DatabaseProblem if another process has locked the database for some seconds.
 */
export async function migrateDatabase(options: MigrateOptions): Promise<string[]> {
  const deadline = performance.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      return await migrate(options);
    } catch (error) {
      const reason = error instanceof MigrationError ? error.cause : error;
      if (!isBusy(reason)) throw error;
      if (performance.now() > deadline) {
        const words = `${basename(options.file)} is locked by ${lockHolder(options.file)}`;
        throw new DatabaseProblem('DATABASE_BUSY', words, { cause: error });
      }
    }
    await wait(LOCK_RETRY_MS);
  }
}

async function migrate(options: MigrateOptions): Promise<string[]> {
  const migrations = readMigrations(options.migrationsDir);
  if (isUpToDate(options.file, migrations)) return [];
  mkdirSync(dirname(options.file), { recursive: true });
  const unlock = await lockMigrations(options.file);
  try {
    const pending = pendingMigrations(options.file, migrations);
    if (pending.length === 0) return [];
    return applyMigrations(options.file, pending);
  } finally {
    unlock();
  }
}

/**
 * Waits until another process has applied all migrations.
 * @throws MigrationError at the deadline, or as `migrateDatabase` does.
 */
export async function waitForMigrations(
  options: MigrateOptions & { readonly timeoutMs: number },
): Promise<void> {
  const migrations = readMigrations(options.migrationsDir);
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    if (isUpToDate(options.file, migrations)) return;
    if (performance.now() > deadline) {
      throw new MigrationError(
        `${options.file} still lacks migrations: is the process that owns it running?`,
      );
    }
    await wait(50);
  }
}

/** Whether nothing is to be done. A database that is locked is being migrated, so it is not. */
function isUpToDate(file: string, migrations: readonly Migration[]): boolean {
  try {
    return pendingMigrations(file, migrations).length === 0;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  }
}

/** Which migrations the database does not have yet. */
function pendingMigrations(file: string, migrations: readonly Migration[]): Migration[] {
  if (!existsSync(file)) return [...migrations];
  const applied = new Map(
    readApplied(file)
      .filter((row) => row.rolled_back_at === null && row.finished_at !== null)
      .map((row) => [row.migration_name, row.checksum]),
  );
  const known = new Set(migrations.map((migration) => migration.name));
  for (const name of applied.keys()) {
    if (known.has(name)) continue;
    throw new MigrationError(
      `${file} has the migration ${name}, which this version does not know: it was written by a newer version; start that one, or use another data folder`,
    );
  }
  return migrations.filter((migration) => {
    const checksum = applied.get(migration.name);
    if (checksum !== undefined && checksum !== migration.checksum) {
      throw new MigrationError(
        `the migration ${migration.name} was edited after it was applied to ${file}: restore its migration.sql and put the change into a new migration`,
      );
    }
    return checksum === undefined;
  });
}

function readApplied(file: string): AppliedMigration[] {
  const database = new Database(file, { timeout: 0 });
  try {
    const table = database
      .prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_prisma_migrations'`)
      .get();
    if (table === undefined) return [];
    return database
      .prepare(
        `SELECT migration_name, checksum, finished_at, rolled_back_at FROM _prisma_migrations`,
      )
      .all() as AppliedMigration[];
  } finally {
    database.close();
  }
}

/**
 * Holds a lock for as long as this process migrates `file`: an exclusive transaction on a database
 * beside it, which the operating system ends if we die. Returns the function that gives it up.
 */
async function lockMigrations(file: string): Promise<() => void> {
  const database = new Database(`${file}.lock`, { timeout: 0 });
  const deadline = performance.now() + LOCK_DEADLINE_MS;
  for (;;) {
    try {
      database.exec('BEGIN EXCLUSIVE');
      return () => database.close();
    } catch (error) {
      const busy = isBusy(error);
      if (!busy || performance.now() > deadline) {
        database.close();
        if (!busy) throw error;
        throw new MigrationError(`another process has been migrating ${file} for too long`, {
          cause: error,
        });
      }
      await wait(LOCK_RETRY_MS);
    }
  }
}

function isBusy(error: unknown): boolean {
  return String((error as { code?: unknown } | undefined)?.code).startsWith('SQLITE_BUSY');
}
