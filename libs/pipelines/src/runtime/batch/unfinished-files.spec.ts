import { spawnSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@penstock/testing';
import { expect, it } from 'vitest';
import { removeUnfinished, unfinished } from './unfinished-files.ts';

it('removes what ended processes left, and nothing that is or may still become whole', async () => {
  await using folder = await temporaryFolder();
  const deep = join(folder.path, 'run', 'g1');
  await mkdir(deep, { recursive: true });
  const { pid: ended } = spawnSync(process.execPath, ['--version']);
  const own = unfinished('rows.csv');
  const of = (pid: number) => own.replace(`.${process.pid}.`, `.${pid}.`);
  const kept = ['rows.csv', 'odd.unfinished', '0-1.sqlite', of(process.ppid)];
  const left = [own, of(ended), `${of(ended)}-wal`, `${of(ended)}-journal`];
  for (const name of [...kept, ...left]) await writeFile(join(deep, name), '');

  expect(await removeUnfinished(folder.path)).toBe(left.length);
  expect((await readdir(deep)).sort()).toEqual(kept.sort());
  expect(await removeUnfinished(join(folder.path, 'nowhere'))).toBe(0);
});
