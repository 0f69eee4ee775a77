// The rules of style that no other tool knows. Each takes the sources and gives one line per
// problem; style.spec.ts runs them on the repository and proves on a sample that each can fail.
import { posix } from 'node:path';

export interface SourceFile {
  /** Path below the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export type Rule = (files: readonly SourceFile[]) => string[];

/** About 400; tests are read one by one, so they may be longer. */
const LINES_MAX = 450;
const SPEC_LINES_MAX = 600;

/** Files that are better in one piece, each with its reason. */
export const longFiles: Readonly<Record<string, string>> = {};

const isSpec = (path: string) => /\.(e2e-)?spec\.tsx?$/.test(path);
const isProduct = (path: string) => /^(apps|libs|pipelines)\//.test(path) && !isSpec(path);
const isHarness = (path: string) => path.startsWith('libs/testing/');

/** Long files are several files. */
export const fileLength: Rule = (files) =>
  files
    .filter(({ path }) => !(path in longFiles))
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ path, lines }) => lines > (isSpec(path) ? SPEC_LINES_MAX : LINES_MAX))
    .map(({ path, lines }) => `${path}: ${lines} lines, more than about 400`);

const vagueFolders = new Set([
  'utils',
  'util',
  'common',
  'helpers',
  'shared',
  'types',
  'constants',
]);

/** A folder is one noun; what has no better name lies beside its user. */
export const folderNames: Rule = (files) => {
  const folders = new Set(files.flatMap(({ path }) => foldersOf(path)));
  return [...folders]
    .filter((folder) => vagueFolders.has(folder.split('/').at(-1)!))
    .map((folder) => `${folder}/: put it beside its user, or name it after what is in it`);
};

function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

interface BannedText {
  readonly pattern: RegExp;
  readonly instead: string;
  readonly where: (path: string) => boolean;
}

/** Texts that the rules of this repository forbid, and what to do instead. */
const bannedTexts: readonly BannedText[] = [
  {
    pattern: /\bforwardRef\(/,
    instead: 'modules form a tree: extract what both need, or emit an event',
    where: isProduct,
  },
  {
    pattern: /\bconsole\.(log|info|warn|error|debug)\(/,
    instead: 'use the logger',
    where: (path) => isProduct(path) && !isHarness(path) && !path.startsWith('apps/dashboard/'),
  },
  {
    pattern: /\bprocess\.env\b/,
    instead: 'take it from the configuration, which libs/platform reads',
    where: (path) =>
      isProduct(path) && !isHarness(path) && !path.startsWith('libs/platform/src/configuration/'),
  },
  {
    pattern: /\bprocess\.exit\(/,
    instead: 'close what is open and let the process end; libs/platform has onShutdown',
    where: (path) =>
      isProduct(path) &&
      !path.startsWith('libs/platform/src/lifecycle/') &&
      // A start that failed has nothing to drain.
      !/^apps\/\w+\/src\/main\.ts$/.test(path),
  },
  {
    pattern: /\b(Date\.now|Math\.random|performance\.now)\(/,
    instead: 'time and randomness are parameters here: take the clock',
    where: (path) =>
      isProduct(path) && /^libs\/kafka-(log|broker)\//.test(path) && !path.endsWith('clock.ts'),
  },
  {
    pattern: /\b(describe|test|it)\.only\(/,
    instead: 'it would leave all other tests out',
    where: isSpec,
  },
  {
    pattern: /\b(vi|jest)\.mock\(/,
    instead: 'use the real thing, or a fake of clock, randomness or files that injects faults',
    where: isSpec,
  },
  {
    pattern: /\bFIXME\b|\bXXX\b/,
    instead: 'fix it, or write down what is not built',
    where: () => true,
  },
];

export const bannedText: Rule = (files) =>
  files.flatMap(({ path, text }) =>
    bannedTexts
      .filter(({ pattern, where }) => where(path) && pattern.test(withoutComments(text)))
      .map(
        ({ pattern, instead }) =>
          `${path}: ${pattern.exec(withoutComments(text))![0]} - ${instead}`,
      ),
  );

/** A comment may name what is banned. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
}

/** Names say what is in a file, and its role after a dot. */
export const fileNames: Rule = (files) =>
  files
    .map(({ path }) => path)
    .filter((path) => path.includes('/src/') || path.startsWith('tools/'))
    .filter((path) => !path.includes('/routes/') && /\.(ts|tsx|mjs)$/.test(path))
    .filter((path) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(path.split('/').at(-1)!))
    .map((path) => `${path}: file names are kebab-case with a role suffix`);

/** Every noun of the API is tested over the wire: what has resolvers, controllers or routes. */
export const nounsOverTheWire: Rule = (files) => {
  const folderOf = (path: string) => /^apps\/api\/src\/[^/]+(?=\/)/.exec(path)?.[0];
  const tested = new Set(
    files.filter(({ path }) => path.endsWith('.e2e-spec.ts')).map(({ path }) => folderOf(path)),
  );
  const nouns = new Set(
    files
      .filter(({ path }) => /\.(resolver|controller|routes|plugin)\.ts$/.test(path))
      .map(({ path }) => folderOf(path)),
  );
  return [...nouns]
    .filter((folder) => folder !== undefined && !(folder in testedElsewhere))
    .filter((folder) => !tested.has(folder))
    .map((folder) => `${folder}: what it serves has no *.e2e-spec.ts`);
};

/** Folders whose part of the API is tested in another folder. */
export const testedElsewhere: Readonly<Record<string, string>> = {
  'apps/api/src/dashboard': 'apps/api/src/http/http.e2e-spec.ts, with the rest of the HTTP port',
  'apps/api/src/health': 'apps/api/src/http/http.e2e-spec.ts, with the rest of the HTTP port',
};

/**
 * One package reaches another by its name, which is what its package.json offers, and never by a
 * path into its inside.
 */
export const packageEntries: Rule = (files) =>
  files.flatMap(({ path, text }) =>
    [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)]
      .map(([, specifier]) => posix.join(posix.dirname(path), specifier!))
      .filter((target) => packageOf(target) !== packageOf(path))
      .map((target) => `${path}: imports ${target}; take it from the package by its name`),
  );

function packageOf(path: string): string | undefined {
  return /^(?:(?:apps|libs)\/[^/]+|pipelines|prisma|tools)(?=\/)/.exec(path)?.[0];
}
