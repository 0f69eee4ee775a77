import 'reflect-metadata';
import AxeBuilder from '@axe-core/playwright';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type PipelineDefinition, pipeline, z } from '@penstock/pipelines';
import { createLogger, loadConfig } from '@penstock/platform';
import { externalTool } from '@penstock/testing';
import { produce, startWorkerHarness, type WorkerHarness } from '@penstock/testing/worker-harness';

import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkerModule } from '../worker.module.ts';

const program = externalTool('chromium-headless-shell', 'chromium', 'google-chrome');
const JOB = 'totals';
/** A value that the aggregate makes something of that no state can hold: the run fails. */
const POISON = 666;

const totals: PipelineDefinition = pipeline(JOB, {
  description: 'Adds the numbers.',
  schedule: { cron: '30 2 1 1 *', timeZone: 'Europe/Berlin', deadline: '2h' },
  skipLimit: 0,
})
  .from('numbers', { schema: z.object({ id: z.string(), n: z.number() }) })
  .keyBy('all', () => 'all')
  .aggregate({
    init: () => 0,
    add: (sum, { n }) => (n === POISON ? (1n as unknown as number) : sum + n),
    result: (_, sum) => ({ sum }),
  })
  .toCsv('totals.csv', ['key', 'sum']);

let harness: WorkerHarness;
let worker: INestApplicationContext;
let browser: Browser;
let page: Page;

async function run(...numbers: number[]): Promise<string> {
  const values = numbers.map((n, index) => ({ id: String(index), n }));
  await produce(harness.kafka, 'numbers', values);
  const id = await harness.startRun(JOB);
  await harness.run(id, ({ state }) => state === 'succeeded' || state === 'failed', 'its end');
  return id;
}

async function start(): Promise<void> {
  harness = await startWorkerHarness();
  await harness.penstock.start('api');
  const config = loadConfig({
    PENSTOCK_DATA_DIR: harness.penstock.dataDir,
    KAFKA_BOOTSTRAP_SERVERS: harness.penstock.bootstrapServers,
    REDIS_URL: harness.penstock.redis!.url,
  });
  const logger = createLogger({ name: 'worker', level: 'silent' });
  const options = { name: 'worker' as const, config, logger, pipelines: [totals] };
  worker = await NestFactory.createApplicationContext(WorkerModule.forRoot(options), {
    logger: false,
    abortOnError: false,
  });
  browser = await chromium.launch({
    executablePath: program!,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-gpu'],
  });
  const context = await browser.newContext({ viewport: { width: 1440, height: 1200 } });
  page = await context.newPage();
}

describe.skipIf(program === undefined)('the page of a batch job', () => {
  beforeAll(start);
  afterAll(async () => {
    await browser?.close();
    await worker?.close();
    await harness?.[Symbol.asyncDispose]();
  });

  it('shows its windows, what blocks it, and the way out', async () => {
    const first = await run(1, 2, 3);
    await run(10, 20, 30, 40);
    const failed = await run(POISON, 5);
    await page.goto(`${harness.penstock.baseUrl}/ui/batch-jobs/${JOB}`);

    const grid = page.getByRole('img', { name: /the last 3 of 3 windows, no gap and no overlap/ });
    await grid.waitFor();
    await page.getByText('Blocked').waitFor();
    await page.getByText('30 2 1 1 * (Europe/Berlin)', { exact: true }).first().waitFor();
    await page.getByText(/1 Jan \d{4} 02:30 CET/).waitFor();
    await page.getByText('Each run reads what no run before it has read.').waitFor();

    await page.getByRole('tab', { name: /^Attempts/ }).click();
    await page.getByRole('img', { name: 'attempt 1 failed' }).waitFor();
    await page.getByRole('tab', { name: 'Log' }).click();
    await page
      .getByText(/numbers\/\d: reads offsets/)
      .first()
      .waitFor();
    await page.getByRole('tab', { name: /^Failures/ }).click();
    await page.getByRole('button', { name: /BigInt/ }).waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);

    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('The run goes on at its checkpoints.').waitFor();
    await harness.run(failed, ({ attempt }) => attempt === 2, 'the next attempt');
    // A cell is a way to its run.
    await grid.locator('text').first().click();
    await page.waitForURL(new RegExp(`run=${first}`));
  });

  it('shows what a backfill would do before it does it', async () => {
    await page.getByRole('button', { name: 'Backfill…' }).click();
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('“” is no time').waitFor();
    await page.getByRole('textbox', { name: 'Records since' }).fill('1h');
    await page.getByRole('textbox', { name: 'Runs at the same time' }).fill('99');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('`concurrency` must be 1 to 8').waitFor();
    await page.getByRole('textbox', { name: 'Runs at the same time' }).fill('2');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('1 run over 9 records').waitFor();
    expect(await harness.backfills.list(JOB, 5)).toEqual([]);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
    await page.getByRole('button', { name: 'Start backfill' }).click();
    // The number that cannot be added is among them.
    await page.getByRole('row', { name: /Done 0 of 1 run 1 9/ }).waitFor();
  });

  it('pauses and resumes its schedule', async () => {
    await page.getByRole('button', { name: 'Pause schedule' }).click();
    await page.getByRole('button', { name: 'Resume schedule' }).waitFor();
    expect(await harness.states.isPaused(JOB)).toBe(true);
    await page.getByRole('button', { name: 'Resume schedule' }).click();
    await page.getByRole('button', { name: 'Pause schedule' }).waitFor();
    expect(await harness.states.isPaused(JOB)).toBe(false);
  });
});
