// What a build consists of: for each part the sources it depends on, a file it leaves, and the
// commands.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, Stop, withProgress } from '../install/command.mjs';
import { childEnvironment, productNode, root, scripts } from '../install/repository.mjs';
import { withBuildLock } from './build-lock.mjs';
import { fingerprint, isStamped, stamp } from './fingerprint.mjs';

const isCode = (path) => /\.(ts|json|prisma)$/.test(path) && !/\.(e2e-)?spec\.ts$/.test(path);
const database = (name) => ({
  name: `prisma-${name}`,
  sources: [`prisma/${name}/schema.prisma`, 'package-lock.json'],
  outputs: [`prisma/generated/${name}/client.ts`],
  commands: [[scripts.prisma, 'generate', '--schema', `prisma/${name}/schema.prisma`]],
});

const databases = [database('broker'), database('control')];
const code = {
  name: 'code',
  sources: ['libs', 'apps/broker', 'apps/api', 'apps/worker', 'pipelines', 'prisma'].concat(
    ['tsconfig.json', 'tsconfig.base.json', 'tsconfig.erasable.json', 'tsconfig.nest.json'],
    ['package-lock.json'],
  ),
  isInput: isCode,
  outputs: ['libs/platform', 'libs/pipelines', 'pipelines'].map((path) => `${path}/dist/index.js`),
  commands: [[scripts.tsc, '-b']],
};
const processes = ['broker', 'api', 'worker'].map((app) => ({
  name: app,
  sources: ['libs', `apps/${app}`, 'tools/build/bundle.mjs', 'package-lock.json'].concat([
    'tsconfig.base.json',
    'tsconfig.nest.json',
  ]),
  isInput: (path) => isCode(path) || path.endsWith('bundle.mjs'),
  outputs: [`apps/${app}/dist/main.js`],
  commands: [['tools/build/bundle.mjs', app]],
}));
const dashboardTypes = {
  name: 'graphql',
  sources: ['apps/dashboard/src', 'apps/api/schema.graphql', 'tools/build/codegen.ts'],
  isInput: (path) => /\.(ts|tsx|graphql)$/.test(path),
  outputs: ['apps/dashboard/src/generated/graphql.ts'],
  commands: [['tools/build/codegen.ts']],
};
const dashboard = {
  name: 'dashboard',
  sources: ['apps/dashboard', 'apps/api/schema.graphql', 'tools/build/codegen.ts'].concat(
    'package-lock.json',
  ),
  isInput: (path) => !/\.(e2e-)?spec\.tsx?$/.test(path),
  outputs: ['apps/dashboard/dist/index.html'],
  commands: [[scripts.vite, 'build', 'apps/dashboard']],
};

/**
 * Builds what changed since the last build, the dashboard beside the rest (two cores).
 * @returns {Promise<string[]>} names of the parts that were built
 */
export async function ensureBuilt() {
  return withBuildLock(buildAll);
}

async function buildAll() {
  const built = [];
  const server = async () => {
    await Promise.all(databases.map((part) => buildPart(part, built)));
    await all([buildPart(code, built), buildProcesses(built)]);
  };
  const client = async () => {
    await buildPart(dashboardTypes, built);
    await buildPart(dashboard, built);
  };
  await all([server(), client()]);
  return built;
}

/** One after the other, beside the compiler: two cores. */
async function buildProcesses(built) {
  for (const part of processes) await buildPart(part, built);
}

/** Only what other sources import: database clients and GraphQL types. */
export async function ensureGenerated() {
  await withBuildLock(() => all([...databases, dashboardTypes].map((part) => buildPart(part, []))));
}

/** Waits for all of them even when one fails, so that no compiler keeps running. */
async function all(works) {
  const results = await Promise.allSettled(works);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function buildPart(part, built) {
  const print = fingerprint(part.sources, part.isInput);
  const complete = part.outputs.every((output) => existsSync(join(root, output)));
  if (complete && isStamped(part.name, print)) return;
  await withProgress(part.name, () => runPart(part));
  stamp(part.name, print);
  built.push(part.name);
}

async function runPart(part) {
  for (const [script, ...args] of part.commands) {
    const { code: status, output } = await runCommand(productNode(), [script, ...args], {
      cwd: root,
      env: childEnvironment(),
    });
    if (status === 0) continue;
    console.error(output.trimEnd());
    throw new Stop(`Building ${part.name} failed: the reason is above.`);
  }
  return 'built';
}
