import { randomUUID } from 'node:crypto';
import type { OnApplicationShutdown, OnModuleDestroy } from '@nestjs/common';
import { PrismaClient } from '@penstock/prisma/control';
import type { Config } from '../configuration/config.ts';
import { databaseFile, databaseFiles } from './databases.ts';
import { migrateDatabase, waitForMigrations } from './migrations.ts';
import { startPatiently, type StartPatience } from './start-patience.ts';
import { ThreadedDatabase } from './threaded-database.ts';

const WAIT_FOR_MIGRATIONS_MS = 60_000;
/** Longer than the thread waits for a lock: its error says more than Prisma's timeout does. */
const TRANSACTION_WAIT_MS = 20_000;
const TRANSACTION_MS = 10_000;
const SILENT: StartPatience = { say: () => {} };

/**
 * control.db through Prisma: `database.batchRun.findMany(…)`, and for high rates multi-row
 * statements by `$executeRawUnsafe(sql, ...values)` on the same connection. A thread waits for the
 * disk and for locks. What fails because the database cannot be used, fails with an error that
 * `asDatabaseProblem` knows.
 */
export class ControlDatabase
  extends PrismaClient
  implements OnModuleDestroy, OnApplicationShutdown
{
  /** Absolute path of the SQLite file. */
  readonly file: string;
  /** Names this installation, for as long as its data folder exists; `open` reads it. */
  readonly installationId: string = '';
  readonly #thread: ThreadedDatabase;

  private constructor(file: string) {
    const thread = new ThreadedDatabase({ file, synchronous: 'NORMAL' });
    super({
      adapter: thread.adapterFactory,
      transactionOptions: { maxWait: TRANSACTION_WAIT_MS, timeout: TRANSACTION_MS },
    });
    this.#thread = thread;
    this.file = file;
  }

  /**
   * Opens a migrated control.db; the caller closes it (Nest does, at shutdown). Waits while another
   * process has locked it.
   * @throws DatabaseProblem when it cannot be used
   */
  static async open(
    config: Pick<Config, 'dataDir'>,
    patience: StartPatience = SILENT,
  ): Promise<ControlDatabase> {
    const database = new ControlDatabase(databaseFile(config.dataDir, 'control'));
    try {
      // The same client reads the id: a second one would cost another 30 MB for as long as the
      // process runs.
      const installationId = await startPatiently(() => readInstallationId(database), patience);
      return Object.assign(database, { installationId });
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** Why control.db cannot be written now, in one line for people; null while it can. */
  currentProblem(): string | null {
    return this.#thread.problem;
  }

  /** Calls `listener` with the problem when one begins, and with null when it is over. */
  onProblem(listener: (problem: string | null) => void): () => void {
    return this.#thread.onProblem(listener);
  }

  /** Calls `listener` after commits, of this process or another. */
  onCommit(listener: () => void): () => void {
    return this.#thread.onCommit(listener);
  }

  /** The process is ending: from now on it does not wait for a locked database. */
  onModuleDestroy(): void {
    this.#thread.hurry();
  }

  async close(): Promise<void> {
    await this.$disconnect();
    await this.#thread.close();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }
}

/** api, the owner of control.db, calls this before it builds its application. */
export function migrateControlDatabase(
  config: Pick<Config, 'dataDir'>,
  patience: StartPatience = SILENT,
): Promise<string[]> {
  const file = databaseFile(config.dataDir, 'control');
  return startPatiently(() => migrateDatabase({ file, ...databaseFiles('control') }), patience);
}

/** worker calls this before it builds its application. */
export function waitForControlDatabase(config: Pick<Config, 'dataDir'>): Promise<void> {
  return waitForMigrations({
    file: databaseFile(config.dataDir, 'control'),
    timeoutMs: WAIT_FOR_MIGRATIONS_MS,
    ...databaseFiles('control'),
  });
}

/** The first process writes the row; the statement is atomic, so that all read the same id. */
async function readInstallationId(client: PrismaClient): Promise<string> {
  const known = await client.installation.findFirst();
  if (known !== null) return known.id;
  await client.$executeRaw`
    INSERT INTO "Installation" ("id", "createdAt")
    SELECT ${randomUUID()}, ${Date.now()} WHERE NOT EXISTS (SELECT 1 FROM "Installation")`;
  const { id } = await client.installation.findFirstOrThrow();
  return id;
}
