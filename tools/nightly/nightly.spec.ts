import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, temporaryFolder } from '@penstock/testing';
import { describe, expect, test } from 'vitest';
import { chosenParts, parts } from './parts.mjs';
import { staleTables, withTablesOf } from './recorded-tables.mjs';
import { figuresIn, reportText, tablesIn, tableText, type Report } from './report.mjs';
import { runParts } from './run-parts.mjs';

const path = 'docs/reports/one.json';
const table = [
  ['measured', 'value'],
  ['start', '1 s'],
  ['a \\| b', ''],
];
const report: Report = {
  startedAt: '2026-11-30T22:00:00.000Z',
  commit: 'abc1234',
  isClean: true,
  machine: '2 cores',
  mode: 'long',
  parts: [
    {
      name: 'bench',
      command: 'npm run bench',
      seconds: 61.4,
      exit: 0,
      tables: [table],
      lines: ['below its floor: start'],
    },
    { name: 'sim', command: 'npm run sim', seconds: 3, exit: 1, tables: [], lines: [] },
  ],
};
const reportAt = (asked: string) => (asked === path ? report : undefined);
const empty = `<!-- table bench of ${path} -->\n\n<!-- end of table -->\n`;
const written = withTablesOf(empty, path, report);

describe('a report', () => {
  test('has the tables and figures that a command printed', () => {
    const printed = `2 cores\n${tableText(table)}\nother\n  fault 1 · kills 3\n| no | table |\n`;
    expect(tablesIn(printed)).toEqual([table]);
    expect(figuresIn(printed)).toEqual(['fault 1 · kills 3']);
  });

  test('says of each part what it was, how long it took and how it ended', () => {
    const text = reportText(report);
    expect(text).toContain('Commit abc1234, 2 cores, long modes.');
    expect(text).toContain('| bench | `npm run bench` | 61 s | passed |');
    expect(text).toContain('| sim | `npm run sim` | 3 s | failed (exit status 1) |');
    expect(text).toContain(tableText(table));
    expect(text).toContain('- below its floor: start');
  });
});

describe('a table in a document', () => {
  test('is what its report has, however it is padded', () => {
    expect(staleTables(written, reportAt)).toEqual([]);
    expect(staleTables(written.replaceAll(' | ', '    |  '), reportAt)).toEqual([]);
  });

  test.each([
    ['a cell that was changed', written.replace('1 s', '2 s'), 'differs from its report'],
    ['a row that was left out', written.replace(/\| start.*\n/, ''), 'differs from its report'],
    ['another date', written.replace('2026-11-30', '2026-12-01'), 'differs from its report'],
    ['a report that is not there', written.replace('one.json', 'two.json'), 'no such report'],
    ['a part that failed', written.replace('table bench', 'table sim'), 'no such table'],
    ['no report at all', tableText(table), 'names no report'],
  ])('is refused with %s', (_, document, problem) => {
    expect(staleTables(document, reportAt)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('the parts', () => {
  test('are all of them, or those that are named', () => {
    expect(chosenParts(undefined)).toEqual(parts);
    expect(chosenParts('sim,compat').map(({ name }) => name)).toEqual(['compat', 'sim']);
    expect(() => chosenParts('sim,nothing')).toThrow('there is no part nothing: there are compat');
  });

  test('that fail do not keep the others from running', async () => {
    await using folder = await temporaryFolder('penstock-nightly-');
    const script = async (name: string, text: string) => {
      await writeFile(join(folder.path, name), text);
      return { name, script: join(folder.path, name), long: [], quick: ['--short'] };
    };
    const broken = await script('broken.mjs', 'process.exit(3);');
    const told = 'console.log(`| measured | ${process.argv[2]} |\\n|---|---|\\n| a | 1 |`);';
    const fine = await script('fine.mjs', told);
    const out = join(folder.path, 'reports');
    const { signal } = new AbortController();
    await runParts([broken, fine], { mode: 'quick', folder: out, signal, say: () => {} });
    const [json, text] = (await readdir(out)).sort();
    const found = JSON.parse(await readFile(join(out, json!), 'utf8')) as Report;
    expect(found).toMatchObject({
      mode: 'quick',
      commit: expect.stringMatching(/^[0-9a-f]{7,}$/),
      parts: [
        { name: 'broken.mjs', exit: 3, tables: [] },
        {
          name: 'fine.mjs',
          exit: 0,
          tables: [
            [
              ['measured', '--short'],
              ['a', '1'],
            ],
          ],
        },
      ],
    });
    expect(await readFile(join(out, text!), 'utf8')).toContain('failed (exit status 3)');
  }, 30_000);

  test('are ended, and no other begins, when the run is interrupted', async () => {
    await using folder = await temporaryFolder('penstock-nightly-');
    const endless = join(folder.path, 'endless.mjs');
    const begun = join(folder.path, 'begun');
    // As most parts are: a process that waits for another one.
    const inner = `require('node:fs').writeFileSync('${begun}', ''); setInterval(() => {}, 1000)`;
    const text = `import { spawn } from 'node:child_process';
      spawn(process.execPath, ['-e', ${JSON.stringify(inner)}], { stdio: 'inherit' });`;
    await writeFile(endless, text);
    const interruption = new AbortController();
    const part = { name: 'endless', script: endless, long: [], quick: [] };
    const { signal } = interruption;
    const options = { mode: 'long', folder: folder.path, signal, say: () => {} } as const;
    const running = runParts([part, part], options);
    await eventually(() => existsSync(begun));
    interruption.abort();
    expect((await running).parts).toMatchObject([{ name: 'endless', exit: 128 }]);
  });
});
