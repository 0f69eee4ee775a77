import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { temporaryFolder } from '@penstock/testing';
import { expect, it } from 'vitest';
import { databaseFiles } from './databases.ts';
import { migrateDatabase } from './migrations.ts';

type Row = Record<string, unknown>;

/** Columns that a later migration takes away, or whose value it may change. */
const GONE: Record<string, readonly string[]> = {
  broker: ['Topic.createdAt'],
  control: [
    'BatchRun.retryAt',
    'BatchStep.accumulator',
    'BatchStep.chunkSeq',
    'Pipeline.registeredAt',
    'Processor.changedAt',
  ],
};

/**
 * A row with a value in each column; text is the same everywhere, so that rows refer to each other.
 */
function fill(database: Database.Database, table: string): void {
  const columns = database.pragma(`table_info("${table}")`) as { name: string; type: string }[];
  const names = columns.map(({ name }) => `"${name}"`).join();
  const values = columns.map(({ name, type }, index) => {
    // A run that has not succeeded would begin its window again.
    if (`${table}.${name}` === 'BatchRun.state') return 'succeeded';
    return type === 'TEXT'
      ? 'x'
      : type === 'DATETIME'
        ? '2026-01-01T00:00:00.000+00:00'
        : index + 1;
  });
  const places = values.map(() => '?').join();
  database.prepare(`INSERT INTO "${table}" (${names}) VALUES (${places})`).run(...values);
}

function contents(database: Database.Database): Map<string, Row[]> {
  const tables = database
    .prepare(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%\\_%' ESCAPE '\\'`,
    )
    .pluck()
    .all() as string[];
  return new Map(
    tables.map((table) => [table, database.prepare(`SELECT * FROM "${table}"`).all() as Row[]]),
  );
}

it.each(['broker', 'control'] as const)(
  'a %s database of the first version is brought up with all that is in it',
  async (name) => {
    await using folder = await temporaryFolder();
    const { migrationsDir, schemaFile } = databaseFiles(name);
    const first = join(folder.path, 'first');
    mkdirSync(first);
    cpSync(join(migrationsDir, '0001_init'), join(first, '0001_init'), { recursive: true });
    const file = join(folder.path, 'old.db');
    expect(await migrateDatabase({ file, schemaFile, migrationsDir: first })).toEqual([
      '0001_init',
    ]);
    const old = new Database(file);
    old.pragma('foreign_keys = OFF');
    for (const table of contents(old).keys()) {
      fill(old, table);
    }
    expect(old.pragma('foreign_key_check')).toEqual([]);
    const before = contents(old);
    old.close();

    const all = readdirSync(migrationsDir).filter((entry) => entry.startsWith('0'));
    expect(await migrateDatabase({ file, schemaFile, migrationsDir })).toEqual(all.sort().slice(1));
    const upgraded = new Database(file);
    const after = contents(upgraded);
    upgraded.close();
    expect([...after.keys()]).toEqual(expect.arrayContaining([...before.keys()]));
    for (const [table, rows] of before) {
      const kept = rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).filter(([column]) => !GONE[name]!.includes(`${table}.${column}`)),
        ),
      );
      expect(after.get(table), table).toEqual(kept.map((row) => expect.objectContaining(row)));
    }
  },
);
