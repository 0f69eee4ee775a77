import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** broker.db cannot be read as it is. The message says what is wrong with it. */
export class DatabaseDamagedError extends Error {
  override readonly name = 'DatabaseDamagedError';
}

/** What is wrong with a SQLite file, in its own words; undefined when it is sound, or not there. */
export function databaseDamage(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const database = new DatabaseSync(file);
    try {
      // Someone else's migration may hold it for a moment.
      database.exec('PRAGMA busy_timeout = 5000');
      const [row] = database.prepare('PRAGMA quick_check(1)').all();
      const finding = String(row?.['quick_check'] ?? 'ok');
      return finding === 'ok' ? undefined : finding.replaceAll(/\s+/g, ' ');
    } finally {
      database.close();
    }
  } catch (error) {
    const { errcode, message } = error as Error & { errcode?: number };
    if (errcode === undefined || !DAMAGE_CODES.has(errcode & 0xff)) throw error;
    return message;
  }
}

/** SQLITE_CORRUPT, SQLITE_NOTADB. */
const DAMAGE_CODES = new Set([11, 26]);
