import { readFile } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@penstock/testing';
import { describe, expect, test } from 'vitest';
import {
  bannedText,
  fileLength,
  fileNames,
  folderNames,
  longFiles,
  nounsOverTheWire,
  packageEntries,
  testedElsewhere,
} from './style-rules.ts';
import { lineLength, noSleep, privateNames } from './syntax-rules.ts';

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
const others = files.filter(({ path }) => !path.startsWith('tools/check/'));

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
  test('no package is entered by a path', () => expect(packageEntries(others)).toEqual([]));
  test('every noun of the API is tested over the wire', () => {
    expect(nounsOverTheWire(files)).toEqual([]);
    const paths = new Set(files.map(({ path }) => path));
    for (const [folder, elsewhere] of Object.entries(testedElsewhere)) {
      expect(files.some(({ path }) => path.startsWith(`${folder}/`))).toBe(true);
      expect(paths).toContain(elsewhere.split(',')[0]);
    }
  });
  test('no line is too long', () => expect(lineLength(files)).toEqual([]));
  test('no test sleeps', () => expect(noSleep(files)).toEqual([]));
  test('what is private has a #name', () => expect(privateNames(files)).toEqual([]));
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

  test('on a noun of the API without a test over the wire', () => {
    const noun = one('apps/api/src/hens/hens.resolver.ts');
    expect(nounsOverTheWire(noun)).toHaveLength(1);
    expect(nounsOverTheWire([...noun, ...one('apps/api/src/eggs/eggs.e2e-spec.ts')])).toHaveLength(
      1,
    );
    expect(nounsOverTheWire([...noun, ...one('apps/api/src/hens/hens.e2e-spec.ts')])).toEqual([]);
  });

  test.each([
    ["import { a } from '../../b/src/a.ts';", 1],
    ["const a = await import('../../../apps/c/src/a.ts');", 1],
    ["import { a } from './a.ts';\nimport { b } from '../inside/b.ts';", 0],
    ["import { a } from '@penstock/b';", 0],
  ])('on a path into another package: %s', (text, problems) => {
    expect(packageEntries(one('libs/a/src/b.ts', text))).toHaveLength(problems);
  });

  const words = 'words '.repeat(20);
  test.each([
    [`// ${words}`, 1],
    [`/** ${words} */`, 1],
    [`const sum = ${'a + '.repeat(25)}b;`, 1],
    [`use('short'); // ${words}`, 1],
    [`const message = '${words}';`, 0],
    [`  throw new Error(\`${words}\`);`, 0],
    [`  call(/${'a'.repeat(100)}/);`, 0],
    [`test('${'a'.repeat(85)}', async () => {`, 0],
    [`// https://example.org/${'a'.repeat(100)}`, 0],
    [`// ${'a'.repeat(97)}`, 0],
  ])('on a long line: %s', (text, problems) => {
    expect(lineLength(one('libs/a/src/b.ts', `\n${text}\n`))).toHaveLength(problems);
  });

  test.each([
    ["import { setTimeout as anyName } from 'node:timers/promises';", 1],
    ["import * as timers from 'timers/promises';", 1],
    ['await new Promise((resolve) => setTimeout(resolve, 50));', 1],
    ['await new Promise<void>((done) => { setTimeout(() => done(), 50).unref(); });', 1],
    ['const rest = promisify(setTimeout);', 1],
    ['Atomics.wait(cells, 0, 0, 50);', 1],
    ['await page.pause(50);', 1],
    ['await delay(50);', 1],
    ["import { setImmediate } from 'node:timers/promises';", 0],
    ['const timer = setTimeout(() => broker.kill(), 50);', 0],
    ['await new Promise((resolve, reject) => { setTimeout(reject, 50); on(resolve); });', 0],
    ['await eventually(() => delayed.length > 0);', 0],
  ])('on a test that sleeps: %s', (text, problems) => {
    expect(noSleep(one('libs/a/src/b.spec.ts', text))).toHaveLength(problems);
    expect(noSleep(one('libs/a/src/b.ts', text))).toEqual([]);
  });

  test.each([
    ['class A { private a = 1; }', 1],
    ['class A { protected static readonly a = 1; }', 1],
    ['class A { private get a() { return 1; } }', 1],
    ['abstract class A { protected abstract a(): void; }', 1],
    ['class A { constructor(private readonly a: B, protected b: B) {} }', 2],
    ['class A { private constructor(private a: B) {} }', 1],
    ['class A { #a = 1; private constructor() {} }', 0],
    ["// private\nconst text = 'private';", 0],
  ])('on a keyword for what is private: %s', (text, problems) => {
    expect(privateNames(one('libs/a/src/b.ts', text))).toHaveLength(problems);
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
