import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import type {
  DiagnoseMigrationHistoryOutput,
  MigrationList,
  SchemaEngine,
} from '@prisma/schema-engine-wasm';
import type { DatabaseFiles } from './databases.ts';
import { readMigrations, type MigrateOptions, type Migration } from './migration-files.ts';

/**
 * The part of WebAssembly used here: its types come with the DOM's, which this code must not see.
 */
interface WebAssemblyApi {
  instantiate(
    bytes: Uint8Array,
    imports: Record<string, unknown>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
}

const webAssembly = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;

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

/**
 * What Prisma finds in the migrations that a database has recorded, held against those there are.
 */
export async function diagnoseMigrations(
  options: MigrateOptions,
): Promise<DiagnoseMigrationHistoryOutput> {
  const { engine, close } = await openEngine(options.schemaFile, (connections) =>
    recordingFactory(new PrismaBetterSqlite3({ url: options.file }), connections),
  );
  try {
    return await engine.diagnoseMigrationHistory({
      migrationsList: migrationList(options.migrationsDir, readMigrations(options.migrationsDir)),
      optInToShadowDatabase: false,
      filters: { externalTables: [], externalEnums: [] },
    });
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
  /**
   * The engine locks the whole file until its connection is closed, and does not close it itself.
   */
  close(): Promise<void>;
}

type Bindings = typeof import('@prisma/schema-engine-wasm/schema_engine_bg');

/**
 * The bindings hold one instance of the module and views of its memory: there is one per process.
 */
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

/** The adapter's own factory, which also records the connections that must be closed. */
function recordingFactory(
  factory: PrismaBetterSqlite3,
  connections: SqlDriverAdapter[],
): SqlMigrationAwareDriverAdapterFactory {
  const { provider, adapterName } = factory;
  const connect = async (): Promise<SqlDriverAdapter> => {
    const adapter = await factory.connect();
    connections.push(adapter);
    return adapter;
  };
  return {
    provider,
    adapterName,
    connect,
    connectToShadowDb: () => factory.connectToShadowDb(),
  };
}

/** The engine passes each whole migration script as one statement; this runs it as a script. */
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
