// Drafts the next migration of a database from its changed schema:
//   npm run build && node prisma/draft-migration.mjs control add_something
// Read what it wrote before you commit it; an applied migration is never edited again.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseFiles } from '../libs/platform/dist/database/databases.js';
import { draftMigration } from '../libs/platform/dist/database/schema-engine.js';

const [database, name] = process.argv.slice(2);
if ((database !== 'broker' && database !== 'control') || !/^[a-z0-9_]+$/.test(name ?? '')) {
  process.stderr.write('usage: node prisma/draft-migration.mjs broker|control name_of_migration\n');
  process.exit(2);
}
const files = databaseFiles(database);
const script = await draftMigration(files);
if (script === '') {
  process.stdout.write('the migrations already make what the schema describes\n');
} else {
  mkdirSync(files.migrationsDir, { recursive: true });
  const count = readdirSync(files.migrationsDir, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  ).length;
  const folder = join(files.migrationsDir, `${String(count + 1).padStart(4, '0')}_${name}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'migration.sql'), `${script}\n`);
  process.stdout.write(`${join(folder, 'migration.sql')}\n`);
}
