import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ManagedProcess, repositoryRoot, temporaryFolder } from '@penstock/testing';
import { beforeAll, describe, expect, test } from 'vitest';

/** Imports that must not be, and the rule that has to say so. */
const forbidden: { rule: string; from: string; to: string }[] = [
  { rule: 'layer-kafka-protocol', from: 'libs/kafka-protocol', to: 'libs/kafka-log' },
  { rule: 'layer-kafka-log', from: 'libs/kafka-log', to: 'libs/kafka-broker' },
  { rule: 'layer-kafka-broker', from: 'libs/kafka-broker', to: 'libs/platform' },
  { rule: 'layer-pipelines-lib', from: 'libs/pipelines', to: 'libs/platform' },
  { rule: 'layer-samples', from: 'pipelines', to: 'libs/control-plane' },
  { rule: 'layer-platform', from: 'libs/platform', to: 'libs/control-plane' },
  { rule: 'layer-control-plane', from: 'libs/control-plane', to: 'libs/pipelines' },
  { rule: 'layer-broker', from: 'apps/broker', to: 'libs/control-plane' },
  { rule: 'layer-api', from: 'apps/api', to: 'apps/worker' },
  { rule: 'layer-worker', from: 'apps/worker', to: 'apps/api' },
  { rule: 'layer-dashboard', from: 'apps/dashboard', to: 'libs/platform' },
  { rule: 'no-testing-in-product', from: 'libs/platform', to: 'libs/testing' },
  { rule: 'no-faults-in-product', from: 'libs/kafka-log', to: 'libs/kafka-log/src/faults' },
  { rule: 'no-faults-in-product', from: 'libs/kafka-broker', to: 'libs/kafka-log/src/simulation' },
  { rule: 'no-tools-in-product', from: 'libs/platform', to: 'tools' },
];
const forbiddenPackages = [
  { rule: 'no-frameworks-in-kafka', from: 'libs/kafka-log', specifier: 'zod' },
  { rule: 'no-io-in-protocol', from: 'libs/kafka-protocol', specifier: 'node:fs' },
  { rule: 'no-transport-in-control-plane', from: 'libs/control-plane', specifier: 'graphql' },
  { rule: 'no-undeclared-package', from: 'libs/platform', specifier: 'vega-datasets' },
  { rule: 'no-unresolvable', from: 'libs/platform', specifier: './nowhere.ts' },
];
const allowed = [
  { from: 'apps/api', to: 'libs/control-plane' },
  { from: 'libs/control-plane', to: 'libs/kafka-protocol' },
  { from: 'apps/broker', to: 'libs/kafka-broker' },
  { from: 'libs/kafka-broker', to: 'libs/kafka-protocol' },
  { from: 'tools', to: 'libs/testing' },
];

let violations: { rule: string; from: string }[];
beforeAll(async () => {
  await using folder = await temporaryFolder('penstock-layers-');
  const write = async (path: string, content: string) => {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), content);
  };
  for (const name of ['.dependency-cruiser.mjs', 'tsconfig.base.json']) {
    await copyFile(join(repositoryRoot, name), join(folder.path, name));
  }
  await symlink(join(repositoryRoot, 'node_modules'), join(folder.path, 'node_modules'));
  await write('package.json', '{ "type": "module" }');
  const targets = new Set([...forbidden, ...allowed].map(({ to }) => to));
  for (const to of targets) await write(`${to}/src/target.ts`, 'export const target = 1;\n');
  for (const { rule, from, to } of forbidden) {
    await write(`${from}/src/bad-${rule}.ts`, importOf(from, to));
  }
  for (const { rule, from, specifier } of forbiddenPackages) {
    await write(`${from}/src/bad-${rule}.ts`, `import '${specifier}';\n`);
  }
  for (const { from, to } of allowed) await write(`${from}/src/good.ts`, importOf(from, to));
  await write('libs/platform/src/bad-no-cycles.ts', "import './cycle.ts';\nexport const a = 1;\n");
  await write('libs/platform/src/cycle.ts', "import './bad-no-cycles.ts';\nexport const b = 1;\n");
  await write('tools/src/bad-types.ts', "import type { B } from './b.ts';\nexport type A = B;\n");
  await write('tools/src/b.ts', "import type { A } from './bad-types.ts';\nexport type B = A[];\n");
  await writeFolderCycle(write);
  violations = await cruise(folder.path);
}, 60_000);

/** Two folders that import each other, while no two files do. */
async function writeFolderCycle(write: (path: string, content: string) => Promise<void>) {
  const features = 'apps/dashboard/src/features';
  await write(`${features}/hen/lay.ts`, "import '../egg/shell.ts';\nexport const lay = 1;\n");
  await write(`${features}/hen/feather.ts`, 'export const feather = 1;\n');
  await write(`${features}/egg/hatch.ts`, "import '../hen/feather.ts';\nexport const hatch = 1;\n");
  await write(`${features}/egg/shell.ts`, 'export const shell = 1;\n');
}

function importOf(from: string, to: string): string {
  const up = '../'.repeat(from.split('/').length + 1);
  return `import { target } from '${up}${to}/src/target.ts';\nexport const used = target;\n`;
}

async function cruise(folder: string): Promise<{ rule: string; from: string }[]> {
  const script = join(repositoryRoot, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = [script, '--config', '.dependency-cruiser.mjs', '--output-type', 'json'];
  const cruiser = new ManagedProcess({
    command: process.execPath,
    args: [...args, 'apps', 'libs', 'pipelines', 'tools'],
    cwd: folder,
  });
  await cruiser.exited;
  const report = JSON.parse(cruiser.stdout) as {
    summary: { violations: { rule: { name: string }; from: string }[] };
  };
  return report.summary.violations.map(({ rule, from }) => ({ rule: rule.name, from }));
}

describe('the layer rules', () => {
  test.each([...forbidden, ...forbiddenPackages])('$rule refuses its import', ({ rule, from }) => {
    expect(violations).toContainEqual({ rule, from: `${from}/src/bad-${rule}.ts` });
  });

  test.each(['libs/platform/src', 'tools/src'])(
    'a cycle is refused, of types too: %s',
    (folder) => {
      const from = expect.stringContaining(`${folder}/`);
      expect(violations).toContainEqual({ rule: 'no-cycles', from });
    },
  );

  test.each(['hen', 'egg'])('a cycle of folders is refused at the folder %s', (folder) => {
    const from = `apps/dashboard/src/features/${folder}`;
    expect(violations).toContainEqual({ rule: 'no-folder-cycles', from });
    expect(violations.filter((violation) => violation.from.startsWith(`${from}/`))).toEqual([]);
  });

  test.each(allowed)('$from may import $to', ({ from }) => {
    expect(violations.filter((violation) => violation.from === `${from}/src/good.ts`)).toEqual([]);
  });
});
