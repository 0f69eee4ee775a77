import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type DatabaseName = 'broker' | 'control';

export interface DatabaseFiles {
  readonly migrationsDir: string;
  readonly schemaFile: string;
}

const PRISMA_DIR = findPrismaDir(dirname(fileURLToPath(import.meta.url)));

/** Where the schema and the migrations of a database lie. */
export function databaseFiles(name: DatabaseName): DatabaseFiles {
  return {
    migrationsDir: join(PRISMA_DIR, name, 'migrations'),
    schemaFile: join(PRISMA_DIR, name, 'schema.prisma'),
  };
}

/**
 * The repository's `prisma` folder: how far above this code it is differs between source and
 * bundle.
 */
function findPrismaDir(folder: string): string {
  const candidate = join(folder, 'prisma');
  if (existsSync(join(candidate, 'broker', 'schema.prisma'))) return candidate;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('the folder prisma of the repository is missing');
  return findPrismaDir(parent);
}

/** The file of a database inside the data folder. */
export function databaseFile(dataDir: string, name: DatabaseName): string {
  return join(dataDir, `${name}.db`);
}
