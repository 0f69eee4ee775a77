import { readFile, writeFile } from 'node:fs/promises';
import { databaseFile, databaseFiles, migrateDatabase } from '@penstock/platform/broker-storage';
import { temporaryFolder, type TemporaryFolder } from '../temporary-folder.ts';

type DatabaseName = 'broker' | 'control';

/** The file of each migrated database. Migrating takes longer than most tests of what it holds. */
const migrated = new Map<DatabaseName, Promise<Buffer>>();

/** A data folder with a migrated database and nothing in it. */
export async function migratedFolder(name: DatabaseName): Promise<TemporaryFolder> {
  const content = migrated.get(name) ?? migrate(name);
  migrated.set(name, content);
  const folder = await temporaryFolder();
  await writeFile(databaseFile(folder.path, name), await content);
  return folder;
}

async function migrate(name: DatabaseName): Promise<Buffer> {
  await using folder = await temporaryFolder();
  const file = databaseFile(folder.path, name);
  await migrateDatabase({ file, ...databaseFiles(name) });
  return readFile(file);
}
