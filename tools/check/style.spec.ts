import { readFile } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@penstock/testing';
import { describe, expect, test } from 'vitest';
import { bannedText, fileLength, fileNames, folderNames, longFiles } from './style-rules.ts';

const patterns = ['apps', 'libs', 'pipelines', 'tools'].map((top) => `${top}/**/*.{ts,tsx,mjs}`);
const exclude = (path: string) => /(^|\/)(node_modules|dist|generated)(\/|$)/.test(path);
const paths = globSync(patterns, { cwd: repositoryRoot, exclude });
const files = await Promise.all(
  paths.map(async (path) => ({
    path,
    text: await readFile(join(repositoryRoot, path), 'utf8'),
  })),
);
// The rules name what they ban.
const others = files.filter(({ path }) => !path.startsWith('tools/check/style'));

describe('the sources keep the rules of style', () => {
  test('there are sources to look at', () => expect(files.length).toBeGreaterThan(100));
  test('no file is too long', () => expect(fileLength(files)).toEqual([]));
  test('every exception to the length of files is still needed', () => {
    for (const path of Object.keys(longFiles)) {
      const file = files.find((candidate) => candidate.path === path);
      expect(fileLength([{ path: `${path}?`, text: file?.text ?? '' }])).not.toEqual([]);
    }
  });
  test('no folder has a vague name', () => expect(folderNames(files)).toEqual([]));
  test('no file has an odd name', () => expect(fileNames(files)).toEqual([]));
  test('no banned text is used', () => expect(bannedText(others)).toEqual([]));
});

describe('each rule of style can fail', () => {
  const one = (path: string, text = '') => [{ path, text }];

  test('on a long file', () => {
    expect(fileLength(one('libs/a/src/b.ts', '\n'.repeat(451)))).toHaveLength(1);
    expect(fileLength(one('libs/a/src/b.ts', '\n'.repeat(450)))).toEqual([]);
  });
  test('on a vague folder', () => {
    expect(folderNames(one('libs/a/src/utils/b.ts'))).toHaveLength(1);
  });
  test('on an odd file name', () => {
    expect(fileNames(one('libs/a/src/myFile.ts'))).toHaveLength(1);
    expect(fileNames(one('libs/a/src/00-produce.v2.spec.ts'))).toEqual([]);
  });

  const sample = 'libs/kafka-log/src/a.ts';
  const test_ = 'libs/kafka-log/src/a.spec.ts';
  test.each([
    [sample, 'forwardRef(() => A)'],
    [sample, 'console.log(1)'],
    [sample, 'process.env.HOME'],
    [sample, 'process.exit(1)'],
    [sample, 'Date.now()'],
    [sample, 'Math.random()'],
    [test_, 'test.only(1)'],
    [test_, "vi.mock('x')"],
    [sample, 'const FIXME = 1'],
  ])('in %s on %s', (path, text) => {
    expect(bannedText(one(path, text))).toHaveLength(1);
    expect(bannedText(one(path, `// ${text}`))).toEqual([]);
  });
});
