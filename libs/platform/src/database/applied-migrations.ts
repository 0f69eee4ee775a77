import { randomUUID } from 'node:crypto';
import Database from 'better-sqlite3';
import { prismaTime } from './prisma-time.ts';
import { MigrationError, type Migration } from './migration-files.ts';

/**
 * Applies migrations to a database, which is made if it is missing, and returns their names. The
 * caller holds the lock.
 *
 * The result is what `prisma migrate` leaves, and Prisma can continue from it: schema-engine.ts
 * asks Prisma's engine. The engine itself would add 150 ms to each first start. It also runs a
 * script statement by statement, so that half of a failed script would stay.
 * @throws MigrationError if one fails; those before it stay applied
 */
export function applyMigrations(file: string, migrations: readonly Migration[]): string[] {
  const database = new Database(file, { timeout: 0 });
  try {
    // WAL is a property of the file and is set before anything is in it.
    database.pragma('journal_mode = WAL');
    // Rebuilding a table drops the old one, which would cascade. This cannot be set in a
    // transaction.
    database.pragma('foreign_keys = OFF');
    for (const migration of migrations) applyOne(database, file, migration);
    return migrations.map(({ name }) => name);
  } finally {
    database.close();
  }
}

function applyOne(database: Database.Database, file: string, migration: Migration): void {
  const { name, script, checksum } = migration;
  const startedAt = prismaTime();
  const apply = database.transaction(() => {
    database.exec(MIGRATIONS_TABLE);
    database.exec(script);
    const [orphan] = database.pragma('foreign_key_check') as { table: string }[];
    if (orphan) throw new Error(`rows of ${orphan.table} refer to rows that do not exist`);
    // A migration that Prisma's engine began and did not finish has left only its row.
    database.prepare(`DELETE FROM "_prisma_migrations" WHERE ${UNFINISHED}`).run(name);
    database.prepare(RECORD).run(randomUUID(), checksum, prismaTime(), name, startedAt);
  });
  try {
    apply.immediate();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MigrationError(
      `migrating ${file} by ${name} failed and was rolled back: ${reason.replaceAll(/\s+/g, ' ')}`,
      { cause: error },
    );
  }
}

/** Exactly as Prisma's engine creates it. */
const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
)`;

const UNFINISHED = `"finished_at" IS NULL AND "rolled_back_at" IS NULL AND "migration_name" = ?`;

const RECORD = `
  INSERT INTO "_prisma_migrations" ("id", "checksum", "finished_at", "migration_name", "logs",
    "rolled_back_at", "started_at", "applied_steps_count")
  VALUES (?, ?, ?, ?, NULL, NULL, ?, 1)`;
