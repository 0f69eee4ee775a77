// Where things lie in this repository. Plain JavaScript for Node 20 on: it runs before anything is
// installed.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * The Node that the product runs on: the npm package `node`, or this one when that is new enough.
 */
export function productNode() {
  const installed = join(root, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(installed)) return installed;
  return Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : undefined;
}

/** Script of a command line tool that npm installed, to be run by `productNode()`. */
export const scripts = {
  tsc: join(root, 'node_modules/typescript/bin/tsc'),
  prisma: join(root, 'node_modules/prisma/build/index.js'),
  vite: join(root, 'node_modules/vite/bin/vite.js'),
  vitest: join(root, 'node_modules/vitest/vitest.mjs'),
  prettier: join(root, 'node_modules/prettier/bin/prettier.cjs'),
  oxlint: join(root, 'node_modules/oxlint/bin/oxlint'),
  depcruise: join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'),
  knip: join(root, 'node_modules/knip/bin/knip.js'),
};

/**
 * Environment for everything that is run from here. Prisma takes its engine from npm's WebAssembly
 * build; naming any existing file as the native engine keeps its tools from looking for one in the
 * network.
 */
export function childEnvironment(extra = {}) {
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(':');
  return {
    ...process.env,
    PATH: path,
    PRISMA_SCHEMA_ENGINE_BINARY: process.env.PRISMA_SCHEMA_ENGINE_BINARY ?? '/bin/true',
    CHECKPOINT_DISABLE: '1',
    // Node keeps what it compiled, which saves a third of the time until ready.
    NODE_COMPILE_CACHE: join(root, '.penstock', 'compile-cache'),
    SCARF_ANALYTICS: 'false',
    ...extra,
  };
}
