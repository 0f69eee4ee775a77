import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ManagedProcess, repositoryRoot, temporaryFolder } from '@penstock/testing';
import { beforeAll, describe, expect, test } from 'vitest';

/** Two libraries: the codec, whose types count too, and one whose types are parts of signatures. */
const sources: Record<string, string> = {
  'libs/kafka-protocol/src/index.ts': [
    "export { deadInside, used } from './inside.ts';",
    "export type { DeadType } from './inside.ts';",
  ].join('\n'),
  'libs/kafka-protocol/src/inside.ts': [
    'export const used = 1;',
    'export const deadInside = 2;',
    'export type DeadType = string;',
  ].join('\n'),
  'libs/platform/src/index.ts': [
    "import { used } from '../../kafka-protocol/src/index.ts';",
    'export type Settings = { value: number };',
    'export const deadSettings: Settings = { value: used };',
  ].join('\n'),
};

let report: string;
beforeAll(async () => {
  await using folder = await temporaryFolder('penstock-dead-code-');
  const write = async (path: string, content: string) => {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), content);
  };
  await copyFile(join(repositoryRoot, 'knip.json'), join(folder.path, 'knip.json'));
  await symlink(join(repositoryRoot, 'node_modules'), join(folder.path, 'node_modules'));
  await write('package.json', '{ "name": "root", "type": "module", "workspaces": ["libs/*"] }');
  await write('tsconfig.json', '{}');
  for (const name of ['kafka-protocol', 'platform']) {
    const manifest = { name: `@penstock/${name}`, type: 'module', exports: './src/index.ts' };
    await write(`libs/${name}/package.json`, JSON.stringify(manifest));
  }
  for (const [path, content] of Object.entries(sources)) await write(path, content);
  const script = join(repositoryRoot, 'node_modules/knip/bin/knip.js');
  const knip = new ManagedProcess({
    command: process.execPath,
    args: [script, '--include', 'exports,types', '--reporter', 'compact'],
    cwd: folder.path,
  });
  await knip.exited;
  report = knip.stdout;
}, 60_000);

describe('the search for dead code', () => {
  test('finds what an entry file exports and nobody imports', () => {
    expect(report).toContain('deadInside');
    expect(report).toContain('deadSettings');
  });

  test('finds dead types of the codec, whose own generics give them all', () => {
    expect(report).toContain('DeadType');
  });

  test('takes what is used, and types of signatures, as alive', () => {
    expect(report).not.toMatch(/\bused\b/);
    expect(report).not.toMatch(/\bSettings\b/);
  });
});
