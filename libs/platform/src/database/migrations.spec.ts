import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { temporaryFolder } from '@penstock/testing';
import { describe, expect, it } from 'vitest';
import { databaseFiles } from './databases.ts';
import { MigrationError } from './migration-files.ts';
import { migrateDatabase, waitForMigrations } from './migrations.ts';
import { diagnoseMigrations, draftMigration } from './schema-engine.ts';

/** A database of two tables that refer to each other, in a folder of its own. */
async function project() {
  const folder = await temporaryFolder();
  const migrationsDir = join(folder.path, 'migrations');
  const schemaFile = join(folder.path, 'schema.prisma');
  mkdirSync(migrationsDir);
  writeFileSync(
    schemaFile,
    'generator client {\n provider = "prisma-client"\n output = "./generated"\n}\ndatasource db {\n provider = "sqlite"\n}\n',
  );
  const add = (name: string, sql: string): string => {
    const file = join(migrationsDir, name, 'migration.sql');
    mkdirSync(join(migrationsDir, name));
    writeFileSync(file, sql);
    return file;
  };
  const file = join(folder.path, 'data', 'test.db');
  return {
    add,
    file,
    options: { file, migrationsDir, schemaFile },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const FIRST = `
CREATE TABLE "Run" ("id" INTEGER NOT NULL PRIMARY KEY, "name" TEXT NOT NULL);
CREATE TABLE "Step" ("id" INTEGER NOT NULL PRIMARY KEY, "runId" INTEGER NOT NULL,
  CONSTRAINT "Step_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run" ("id") ON DELETE CASCADE ON UPDATE CASCADE);
`;

function query(file: string, sql: string): unknown[] {
  const database = new Database(file);
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

describe('migrateDatabase', () => {
  it('creates the database with its folder, and applies nothing twice', async () => {
    await using p = await project();
    p.add('0001_init', FIRST);
    expect(await migrateDatabase(p.options)).toEqual(['0001_init']);
    expect(await migrateDatabase(p.options)).toEqual([]);
    expect(query(p.file, 'PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    expect(
      query(p.file, 'SELECT migration_name, finished_at IS NULL AS open FROM _prisma_migrations'),
    ).toEqual([{ migration_name: '0001_init', open: 0 }]);
  });

  it('brings a database of an earlier version up, keeping what is in it', async () => {
    await using p = await project();
    p.add('0001_init', FIRST);
    await migrateDatabase(p.options);
    const database = new Database(p.file);
    database.exec(`INSERT INTO "Run" VALUES (1, 'a'); INSERT INTO "Step" VALUES (10, 1)`);
    database.close();
    // How Prisma rebuilds a table. With foreign keys on, dropping Run would delete its steps.
    p.add(
      '0002_rebuild',
      `PRAGMA defer_foreign_keys=ON;
       PRAGMA foreign_keys=OFF;
       CREATE TABLE "new_Run" ("id" INTEGER NOT NULL PRIMARY KEY, "name" TEXT NOT NULL, "note" TEXT);
       INSERT INTO "new_Run" ("id", "name") SELECT "id", "name" FROM "Run";
       DROP TABLE "Run";
       ALTER TABLE "new_Run" RENAME TO "Run";
       PRAGMA foreign_keys=ON;
       PRAGMA defer_foreign_keys=OFF;`,
    );
    expect(await migrateDatabase(p.options)).toEqual(['0002_rebuild']);
    expect(query(p.file, 'SELECT * FROM "Run"')).toEqual([{ id: 1, name: 'a', note: null }]);
    expect(query(p.file, 'SELECT * FROM "Step"')).toEqual([{ id: 10, runId: 1 }]);
  });

  it('leaves nothing of a migration that fails, and tries it again once it is set right', async () => {
    await using p = await project();
    p.add('0001_init', FIRST);
    await migrateDatabase(p.options);
    const broken = p.add('0002_broken', 'CREATE TABLE "Half" ("id" INTEGER);\nCREATE NONSENSE;');
    const failure = await migrateDatabase(p.options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MigrationError);
    expect((failure as Error).message).toContain('failed and was rolled back');
    expect((failure as Error).message).toContain('0002_broken');
    expect(query(p.file, `SELECT name FROM sqlite_master WHERE name = 'Half'`)).toEqual([]);
    writeFileSync(broken, 'CREATE TABLE "Half" ("id" INTEGER);');
    expect(await migrateDatabase(p.options)).toEqual(['0002_broken']);
  });

  it('refuses a migration whose rows would refer to nothing', async () => {
    await using p = await project();
    p.add('0001_init', FIRST);
    await migrateDatabase(p.options);
    p.add('0002_orphan', 'INSERT INTO "Step" VALUES (1, 99);');
    await expect(migrateDatabase(p.options)).rejects.toThrow(MigrationError);
    expect(query(p.file, 'SELECT * FROM "Step"')).toEqual([]);
  });

  it('says so when an applied migration was edited', async () => {
    await using p = await project();
    const file = p.add('0001_init', FIRST);
    await migrateDatabase(p.options);
    appendFileSync(file, '-- an afterthought\n');
    await expect(migrateDatabase(p.options)).rejects.toThrow(
      /0001_init was edited after it was applied/,
    );
  });

  it('says so when the database was written by a newer version', async () => {
    await using p = await project();
    p.add('0001_init', FIRST);
    p.add('0002_more', 'CREATE TABLE "More" ("id" INTEGER);');
    await migrateDatabase(p.options);
    await using older = await project();
    older.add('0001_init', FIRST);
    await expect(migrateDatabase({ ...older.options, file: p.file })).rejects.toThrow(
      /0002_more, which this version does not know/,
    );
  });

  it('leaves what Prisma itself goes on from', async () => {
    await using p = await project();
    p.add('0001_init', FIRST);
    p.add('0002_more', 'CREATE TABLE "More" ("id" INTEGER);');
    await migrateDatabase(p.options);
    const inSync = {
      editedMigrationNames: [],
      failedMigrationNames: [],
      hasMigrationsTable: true,
      history: null,
    };
    expect(await diagnoseMigrations(p.options)).toEqual(inSync);
    // The check can fail: it reports a migration that is not applied.
    p.add('0003_later', 'CREATE TABLE "Later" ("id" INTEGER);');
    expect((await diagnoseMigrations(p.options)).history).toMatchObject({
      diagnostic: 'databaseIsBehind',
      unappliedMigrationNames: ['0003_later'],
    });
  });

  it('lets two that start at once agree on who migrates', async () => {
    await using p = await project();
    p.add('0001_init', FIRST);
    const applied = await Promise.all([1, 2, 3].map(() => migrateDatabase(p.options)));
    expect(applied.flat()).toEqual(['0001_init']);
  });
});

describe('waitForMigrations', () => {
  it('goes on once another process has migrated', async () => {
    await using p = await project();
    p.add('0001_init', FIRST);
    const waiting = waitForMigrations({ ...p.options, timeoutMs: 10_000 });
    await migrateDatabase(p.options);
    await expect(waiting).resolves.toBeUndefined();
  });

  it('gives up with a reason', async () => {
    await using p = await project();
    p.add('0001_init', FIRST);
    await expect(waitForMigrations({ ...p.options, timeoutMs: 60 })).rejects.toThrow(
      /is the process that owns it running/,
    );
  });
});

describe.each(['broker', 'control'] as const)('the migrations of %s.db', (name) => {
  it('make what its schema describes', async () => {
    expect(await draftMigration(databaseFiles(name))).toBe('');
  });
});
