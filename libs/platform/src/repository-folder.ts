import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The repository's root, found from where this code lies: how far that is above differs between
 * sources and bundles. Here are `package.json` with the product's version, and `prisma` with the
 * schemas and the migrations.
 */
export const repositoryFolder = find(dirname(fileURLToPath(import.meta.url)));

function find(folder: string): string {
  if (existsSync(join(folder, 'prisma', 'broker', 'schema.prisma'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('the folder prisma of the repository is missing');
  return find(parent);
}
