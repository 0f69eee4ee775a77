import { join } from 'node:path';
import { repositoryFolder } from '../repository-folder.ts';

export type DatabaseName = 'broker' | 'control';

export interface DatabaseFiles {
  readonly migrationsDir: string;
  readonly schemaFile: string;
}

/** Where the schema and the migrations of a database lie. */
export function databaseFiles(name: DatabaseName): DatabaseFiles {
  return {
    migrationsDir: join(repositoryFolder, 'prisma', name, 'migrations'),
    schemaFile: join(repositoryFolder, 'prisma', name, 'schema.prisma'),
  };
}

/** The file of a database inside the data folder. */
export function databaseFile(dataDir: string, name: DatabaseName): string {
  return join(dataDir, `${name}.db`);
}
