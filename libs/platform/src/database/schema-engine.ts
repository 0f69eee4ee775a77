import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import Database from 'better-sqlite3';
import type { MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm';
import type { DatabaseFiles } from './databases.ts';
import {
  MigrationError,
  readMigrations,
  type MigrateOptions,
  type Migration,
} from './migration-files.ts';

interface ApplyOptions extends MigrateOptions {
  readonly migrations: readonly Migration[];
}

/** The part of WebAssembly used here: its types come with the DOM's, which this code must not see. */
interface WebAssemblyApi {
  instantiate(
    bytes: Uint8Array,
    imports: Record<string, unknown>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
}

const webAssembly = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;

/** Applies the missing migrations with Prisma's schema engine; the caller holds the lock. */
export async function applyWithSchemaEngine(options: ApplyOptions): Promise<string[]> {
  prepareFile(options.file);
  const { engine, close } = await openEngine(options.schemaFile, (connections) =>
    transactionalFactory(options.file, connections),
  );
  try {
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: migrationList(options.migrationsDir, options.migrations),
      filters: { externalTables: [], externalEnums: [] },
    });
    return appliedMigrationNames;
  } catch (error) {
    await close();
    forgetFailedMigrations(options.file);
    const reason = error instanceof Error ? error.message : String(error);
    throw new MigrationError(
      `migrating ${options.file} failed and was rolled back: ${reason.replaceAll(/\s+/g, ' ')}`,
      { cause: error },
    );
  } finally {
    await close();
  }
}

/**
 * SQL that leads from what the migrations make to what the schema describes: the draft of the next
 * migration, and empty when the two agree.
 */
export async function draftMigration(files: DatabaseFiles): Promise<string> {
  const { engine, close } = await openEngine(files.schemaFile, draftingFactory);
  try {
    const content = readFileSync(files.schemaFile, 'utf8');
    const { stdout } = await engine.diff({
      from: {
        tag: 'migrations',
        ...migrationList(files.migrationsDir, readMigrations(files.migrationsDir)),
      },
      to: { tag: 'schemaDatamodel', files: [{ path: basename(files.schemaFile), content }] },
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    });
    const script = (stdout ?? '').trim();
    return script.startsWith('-- This is an empty migration') ? '' : script;
  } finally {
    await close();
  }
}

function migrationList(baseDir: string, migrations: readonly Migration[]): MigrationList {
  return {
    baseDir,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "sqlite"\n' },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, script }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: script } },
    })),
  };
}

interface OpenEngine {
  readonly engine: SchemaEngine;
  /** The engine locks the whole file until its connection is closed, which it does not do itself. */
  close(): Promise<void>;
}

type Bindings = typeof import('@prisma/schema-engine-wasm/schema_engine_bg');

/** The bindings hold one instance of the module and views of its memory: there is one per process. */
let loading: Promise<Bindings> | undefined;

async function loadBindings(): Promise<Bindings> {
  const bindings = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm');
  const bytes = readFileSync(join(dirname(entry), 'schema_engine_bg.wasm'));
  const { instance } = await webAssembly.instantiate(bytes, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports['__wbindgen_start'] as () => void)();
  return bindings;
}

async function openEngine(
  schemaFile: string,
  createFactory: (connections: SqlDriverAdapter[]) => SqlMigrationAwareDriverAdapterFactory,
): Promise<OpenEngine> {
  const bindings = await (loading ??= loadBindings());
  const schema = readFileSync(schemaFile, 'utf8');
  const connections: SqlDriverAdapter[] = [];
  const adapter = bindMigrationAwareSqlAdapterFactory(createFactory(connections));
  const engine = await bindings.SchemaEngine.new(
    { datamodels: [[basename(schemaFile), schema]] },
    () => undefined,
    adapter,
  );
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    engine.free();
    await Promise.all(connections.map((connection) => connection.dispose()));
  };
  return { engine, close: () => (closed ??= close()) };
}

/**
 * The engine runs a migration's script statement by statement, so that one which fails in the
 * middle would leave half of it behind. Here each script is one transaction. Foreign keys are off
 * meanwhile (a table that is rebuilt is dropped first, which would cascade) and checked at the end.
 */
function transactionalFactory(
  file: string,
  connections: SqlDriverAdapter[],
): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaBetterSqlite3({ url: file, timeout: 5_000 });
  const wrap = (adapter: SqlDriverAdapter): SqlDriverAdapter => {
    connections.push(adapter);
    const run = adapter.executeScript.bind(adapter);
    adapter.executeScript = async (script) => {
      await run('PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE;');
      try {
        await run(script);
        await assertNoBrokenReferences(adapter);
        await run('COMMIT;');
      } catch (error) {
        await run('ROLLBACK;');
        throw error;
      } finally {
        await run('PRAGMA foreign_keys = ON;');
      }
    };
    return adapter;
  };
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => wrap(await factory.connect()),
    connectToShadowDb: () => factory.connectToShadowDb(),
  };
}

/** To learn what migrations make, the engine runs each whole script as if it were one statement. */
function draftingFactory(connections: SqlDriverAdapter[]): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaBetterSqlite3({ url: ':memory:' });
  const connect = async (): Promise<SqlDriverAdapter> => {
    const adapter = await factory.connect();
    connections.push(adapter);
    const executeRaw = adapter.executeRaw.bind(adapter);
    adapter.executeRaw = async (query) => {
      if (query.args.length > 0) return executeRaw(query);
      await adapter.executeScript(query.sql);
      return 0;
    };
    return adapter;
  };
  const { provider, adapterName } = factory;
  return { provider, adapterName, connect, connectToShadowDb: connect };
}

async function assertNoBrokenReferences(adapter: SqlDriverAdapter): Promise<void> {
  const { rows } = await adapter.queryRaw({
    sql: 'PRAGMA foreign_key_check',
    args: [],
    argTypes: [],
  });
  const first = rows[0];
  if (first !== undefined) {
    throw new MigrationError(`rows of ${String(first[0])} refer to rows that do not exist`);
  }
}

/** WAL is a property of the file: set once, before anything is in it. */
function prepareFile(file: string): void {
  const database = new Database(file, { timeout: 5_000 });
  database.pragma('journal_mode = WAL');
  database.close();
}

/** The failed migration left nothing behind, so that the next start may simply try it again. */
function forgetFailedMigrations(file: string): void {
  const database = new Database(file, { timeout: 5_000 });
  try {
    database
      .prepare(
        `DELETE FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL`,
      )
      .run();
  } catch {
    // The table is not there yet: then there is nothing to forget.
  } finally {
    database.close();
  }
}
