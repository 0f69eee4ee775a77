import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseFiles } from './databases.ts';

export interface MigrateOptions extends DatabaseFiles {
  /** SQLite file; it and its folder are created when missing. */
  readonly file: string;
}

/** A database that cannot be brought to this version's schema. The message says what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

export interface Migration {
  readonly name: string;
  readonly script: string;
  /** SHA-256 of the script in hex, as Prisma records it. */
  readonly checksum: string;
}

/** The migrations of a folder, in the order in which they are applied. */
export function readMigrations(migrationsDir: string): Migration[] {
  return readdirSync(migrationsDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const script = readFileSync(join(migrationsDir, name, 'migration.sql'), 'utf8');
      return { name, script, checksum: createHash('sha256').update(script).digest('hex') };
    });
}
