import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ManagedProcess, repositoryRoot, temporaryFolder } from '@penstock/testing';
import { beforeAll, expect, test } from 'vitest';

/** A function of so many lines, which do nothing that another rule has something against. */
function functionOf(lines: number): string {
  const body = Array.from({ length: lines - 2 }, (_, at) => `  use(${at});`);
  return ['export function long(use: (at: number) => void): void {', ...body, '}', ''].join('\n');
}

function conditional(statement: string): string {
  const head = 'export function act(isIt: boolean, use: (at?: number) => void): void {';
  return [head, `  ${statement}`, '}', ''].join('\n');
}

const comments = functionOf(70).replace('\n', '\n  // Why.\n');
/** Files, and whether the linter has to refuse them. */
const samples: readonly [path: string, text: string, isRefused: boolean][] = [
  ['libs/kafka-log/src/short.ts', functionOf(70), false],
  ['libs/kafka-log/src/commented.ts', comments, false],
  ['libs/kafka-log/src/long.ts', functionOf(71), true],
  ['tools/sim/long.ts', functionOf(71), true],
  ['libs/kafka-log/src/long.spec.ts', functionOf(200), false],
  ['apps/dashboard/src/features/markup.tsx', functionOf(100), false],
  ['apps/dashboard/src/features/long.tsx', functionOf(101), true],
  ['apps/dashboard/src/features/long.ts', functionOf(71), true],
  ['libs/kafka-log/src/one-line.ts', conditional('if (isIt) use();'), false],
  ['libs/kafka-log/src/braces.ts', conditional('if (isIt) {\n    use();\n  }'), false],
  ['libs/kafka-log/src/next-line.ts', conditional('if (isIt)\n    use();'), true],
  ['libs/kafka-log/src/else.ts', conditional('if (isIt) use();\n  else\n    use();'), true],
  ['libs/kafka-log/src/several-lines.ts', conditional('if (isIt) use(\n    1,\n  );'), true],
  ['libs/kafka-log/src/loop.ts', conditional('while (isIt)\n    use();'), true],
];

let report: string;
beforeAll(async () => {
  await using folder = await temporaryFolder('penstock-lint-');
  await copyFile(join(repositoryRoot, '.oxlintrc.json'), join(folder.path, '.oxlintrc.json'));
  await symlink(join(repositoryRoot, 'node_modules'), join(folder.path, 'node_modules'));
  await writeFile(
    join(folder.path, 'tsconfig.json'),
    '{ "compilerOptions": { "jsx": "react-jsx" } }',
  );
  for (const [path, text] of samples) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  }
  const script = join(repositoryRoot, 'node_modules/oxlint/bin/oxlint');
  const linter = new ManagedProcess({
    command: process.execPath,
    args: [script, '--format', 'unix'],
    cwd: folder.path,
  });
  await linter.exited;
  report = linter.stdout;
}, 60_000);

test.each(samples)('%s', (path, _text, isRefused) => {
  expect(report.includes(`${path}:`)).toBe(isRefused);
});
