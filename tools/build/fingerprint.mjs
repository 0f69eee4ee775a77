import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from '../install/repository.mjs';

const NOT_SOURCES = new Set(['node_modules', 'dist', 'generated', '.git', 'data']);

/**
 * Hash over the paths and contents of sources.
 * @param {string[]} sources files and folders below the root; a missing one counts as empty
 * @param {(path: string) => boolean} [isInput] which files of the folders count
 * @returns {string}
 */
export function fingerprint(sources, isInput = () => true) {
  const hash = createHash('sha256');
  for (const source of sources) {
    for (const file of filesBelow(join(root, source))) {
      const path = relative(root, file);
      if (!isInput(path)) continue;
      const content = readFileSync(file);
      hash.update(`${path}\0${content.length}\0`).update(content);
    }
  }
  return hash.digest('hex');
}

function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .filter((entry) => !NOT_SOURCES.has(entry.name))
    .flatMap((entry) => {
      if (entry.isDirectory()) return filesBelow(join(path, entry.name));
      return entry.isFile() ? [join(path, entry.name)] : [];
    });
}

const stampFile = (part) => join(root, '.penstock', `build-${part}.sha256`);

export function isStamped(part, print) {
  const file = stampFile(part);
  return existsSync(file) && readFileSync(file, 'utf8') === print;
}

export function stamp(part, print) {
  const file = stampFile(part);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, print);
}
