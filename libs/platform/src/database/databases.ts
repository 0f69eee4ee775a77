import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type DatabaseName = 'broker' | 'control';

export interface DatabaseFiles {
  readonly migrationsDir: string;
  readonly schemaFile: string;
}

/** The repository's `prisma` folder: as far above `src/database` as above `dist/database`. */
const PRISMA_DIR = fileURLToPath(new URL('../../../../prisma', import.meta.url));

/** Where the schema and the migrations of a database lie. */
export function databaseFiles(name: DatabaseName): DatabaseFiles {
  return {
    migrationsDir: join(PRISMA_DIR, name, 'migrations'),
    schemaFile: join(PRISMA_DIR, name, 'schema.prisma'),
  };
}

/** The file of a database inside the data folder. */
export function databaseFile(dataDir: string, name: DatabaseName): string {
  return join(dataDir, `${name}.db`);
}
