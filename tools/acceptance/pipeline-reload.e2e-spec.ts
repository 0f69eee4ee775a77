import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  eventually,
  repositoryRoot,
  temporaryFolder,
  type TemporaryFolder,
} from '@penstock/testing';
import {
  produce,
  readAll,
  startWorkerHarness,
  type WorkerHarness,
} from '@penstock/testing/worker-harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile, PipelineReload } from '../start/pipeline-reload.mjs';

// The sources of pipelines in a folder of the test's own, followed as `npm start` follows them.

const INDEX = `
import type { PipelineDefinition } from '@penstock/pipelines';
import { counting } from './counting.ts';
import { scaling } from './scaling.ts';

export const pipelines: readonly PipelineDefinition[] = [counting, scaling];
`;

const COUNTING = `
import { pipeline, z } from '@penstock/pipelines';

export const counting = pipeline('counting', { commitEvery: '100ms' })
  .from('numbers', { schema: z.object({ n: z.number() }) })
  .keyBy(() => 'all')
  .aggregate({ init: () => 0, add: (count) => count + 1, result: (_key, count) => ({ count }) })
  .to('counts');
`;

const scaling = (expression: string): string => `
import { pipeline, z } from '@penstock/pipelines';

export const scaling = pipeline('scaling', { commitEvery: '100ms' })
  .from('numbers', { schema: z.object({ n: z.number() }) })
  .map(({ n }) => ${expression})
  .to('scaled');
`;

let folder: TemporaryFolder;
let harness: WorkerHarness;
let reload: PipelineReload;
let produced = 0;

async function save(file: string, source: string): Promise<void> {
  await writeFile(join(folder.path, 'src', file), source);
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder.path, 'src'));
  const tsconfig = {
    extends: join(repositoryRoot, 'tsconfig.erasable.json'),
    compilerOptions: { rootDir: 'src', outDir: 'dist' },
    include: ['src'],
    references: [{ path: join(repositoryRoot, 'libs/pipelines') }],
  };
  await writeFile(join(folder.path, 'tsconfig.json'), JSON.stringify(tsconfig));
  await writeFile(join(folder.path, 'package.json'), JSON.stringify({ type: 'module' }));
  await symlink(join(repositoryRoot, 'node_modules'), join(folder.path, 'node_modules'));
  await save('index.ts', INDEX);
  await save('counting.ts', COUNTING);
  await save('scaling.ts', scaling('n * 2'));
  expect(await compile({ folder: folder.path, into: join(folder.path, 'first') })).toBe(null);
  const module = pathToFileURL(join(folder.path, 'first/out/index.js')).href;
  harness = await startWorkerHarness({
    redis: false,
    command: (name, words) => (name === 'worker' ? [...words, module] : words),
  });
  await harness.penstock.start('worker');
  reload = new PipelineReload({
    folder: folder.path,
    cache: join(folder.path, 'cache'),
    tell: (message) => harness.penstock.send('worker', { ...message, records: true }),
    say: () => {},
  });
  reload.start();
  await send();
  await scaled([2]);
});

afterAll(async () => {
  await reload?.stop();
  await harness?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

/** Sends the next numbers. */
async function send(count = 1): Promise<void> {
  const values = Array.from({ length: count }, (_, index) => {
    const n = produced + index + 1;
    return { id: `n-${n}`, n };
  });
  produced += count;
  await produce(harness.kafka, 'numbers', values);
}

/** Waits until these were the last values that `scaling` wrote. */
async function scaled(wanted: readonly number[]): Promise<void> {
  await eventually(
    async () => {
      const values = (await readAll(harness.kafka, 'scaled')).map(({ value }) => Number(value));
      return JSON.stringify(values.slice(-wanted.length)) === JSON.stringify(wanted);
    },
    { deadlineMs: 120_000, what: `scaled ${wanted.join()}` },
  );
}

/** The next event of the pipelines whose words match. */
async function said(words: RegExp): Promise<string> {
  return eventually(
    async () => {
      const { nodes } = await harness.events.list({ subject: 'pipelines', first: 1 });
      const message = nodes[0]?.message ?? '';
      return words.test(message) && message;
    },
    { deadlineMs: 120_000, what: `an event ${words}` },
  );
}

describe('sources of pipelines that are saved while they run', () => {
  it('are taken up, and nothing is lost or counted twice on the way', async () => {
    await save('scaling.ts', scaling('n * 3'));
    let isReloaded = false;
    const reloaded = said(/reloaded/).finally(() => (isReloaded = true));
    while (!isReloaded) await send(20);
    expect(await reloaded).toBe('the pipelines were reloaded: scaling changed');
    await send();
    await scaled([produced * 3]);
    const ids = (await readAll(harness.kafka, 'scaled')).map(({ key }) => key);
    expect(new Set(ids).size).toBe(produced);
  }, 300_000);

  it.each([
    ['a syntax error', 'n * (', /src\/scaling\.ts\(6,\d+\): error TS\d+/],
    ['a field that there is not', '({ n }.m)', /src\/scaling\.ts\(6,\d+\): error TS2339/],
  ])(
    'leave those before running when they have %s',
    async (_what, expression, words) => {
      await save('scaling.ts', scaling(expression));
      expect(await said(words)).toContain('were not reloaded, those before go on');
      expect((await harness.events.pipelinesProblem())?.message).toMatch(words);
      await send();
      await scaled([produced * 3]);
    },
    300_000,
  );

  it('leave those before running when a definition is refused', async () => {
    await save('scaling.ts', scaling('n * 4').replace("'scaling'", "'counting'"));
    await said(/pipeline "counting": two pipelines have this name/);
    await send();
    await scaled([produced * 3]);
  }, 300_000);

  it('settle the problem once they are right again, and bring a pipeline that is new', async () => {
    await save(
      'scaling.ts',
      scaling('n * 5').replace('\n  .map', "\n  .filter('odd', ({ n }) => n % 2 === 1)\n  .map"),
    );
    await save(
      'adding.ts',
      scaling('n + 1').replaceAll('scaling', 'adding').replace("'scaled'", "'added'"),
    );
    const index = INDEX.replace(
      "from './scaling.ts';",
      "from './scaling.ts';\nimport { adding } from './adding.ts';",
    );
    await save('index.ts', index.replace('[counting, scaling]', '[counting, scaling, adding]'));
    await said(/scaling changed; adding is new/);
    expect(await harness.events.pipelinesProblem()).toBe(null);
    await eventually(async () => (await harness.processors.find('adding'))?.state === 'running', {
      deadlineMs: 120_000,
      what: 'adding runs',
    });
    await eventually(async () => (await readAll(harness.kafka, 'added')).length === produced, {
      deadlineMs: 120_000,
      what: 'all numbers in the new pipeline',
    });
  }, 300_000);

  it('take away a pipeline that is not defined any more, and leave the others as they are', async () => {
    const index = INDEX.replace("import { scaling } from './scaling.ts';\n", '');
    await save('index.ts', index.replace('[counting, scaling]', '[counting]'));
    await said(/adding is not defined any more/);
    expect((await harness.processors.list()).map(({ pipeline }) => pipeline)).toEqual(['counting']);
    await send();
    await eventually(
      async () => {
        const last = (await readAll(harness.kafka, 'counts')).at(-1);
        return (JSON.parse(last?.value ?? '{}') as { count?: number }).count === produced;
      },
      { deadlineMs: 120_000, what: `${produced} numbers counted` },
    );
    expect(await harness.penstock.stop('worker')).toEqual({ code: 0, signal: null });
  }, 300_000);
});
