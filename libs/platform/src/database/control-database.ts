import { randomUUID } from 'node:crypto';
import type { OnApplicationShutdown } from '@nestjs/common';
import { PrismaClient } from '@penstock/prisma/control';
import type { Config } from '../configuration/config.ts';
import { databaseFile, databaseFiles } from './databases.ts';
import { migrateDatabase, waitForMigrations } from './migrations.ts';
import { createSqliteAdapter } from './sqlite-adapter.ts';

const WAIT_FOR_MIGRATIONS_MS = 60_000;

/**
 * control.db through Prisma: `database.batchRun.findMany(…)`, and for high rates multi-row
 * statements by `$executeRawUnsafe(sql, ...values)` on the same connection.
 */
export class ControlDatabase extends PrismaClient implements OnApplicationShutdown {
  /** Absolute path of the SQLite file. */
  readonly file: string;
  /** Names this installation, for as long as its data folder exists; `open` reads it. */
  readonly installationId: string = '';

  private constructor(file: string) {
    super({ adapter: createSqliteAdapter({ file, synchronous: 'NORMAL' }) });
    this.file = file;
  }

  /** Opens a migrated control.db; the caller closes it by `$disconnect` (Nest does, at shutdown). */
  static async open(config: Pick<Config, 'dataDir'>): Promise<ControlDatabase> {
    const database = new ControlDatabase(databaseFile(config.dataDir, 'control'));
    try {
      // The same client reads it: a second one would cost its 30 MB for as long as the process runs.
      const installationId = await readInstallationId(database);
      return Object.assign(database, { installationId });
    } catch (error) {
      await database.$disconnect();
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.$disconnect();
  }
}

/** api, the owner of control.db, calls this before it builds its application. */
export function migrateControlDatabase(config: Pick<Config, 'dataDir'>): Promise<string[]> {
  return migrateDatabase({
    file: databaseFile(config.dataDir, 'control'),
    ...databaseFiles('control'),
  });
}

/** worker calls this before it builds its application. */
export function waitForControlDatabase(config: Pick<Config, 'dataDir'>): Promise<void> {
  return waitForMigrations({
    file: databaseFile(config.dataDir, 'control'),
    timeoutMs: WAIT_FOR_MIGRATIONS_MS,
    ...databaseFiles('control'),
  });
}

/** Whoever comes first writes the row; the statement is atomic, so that all read the same one. */
async function readInstallationId(client: PrismaClient): Promise<string> {
  await client.$executeRaw`
    INSERT INTO "Installation" ("id", "createdAt")
    SELECT ${randomUUID()}, ${Date.now()} WHERE NOT EXISTS (SELECT 1 FROM "Installation")`;
  const { id } = await client.installation.findFirstOrThrow();
  return id;
}
