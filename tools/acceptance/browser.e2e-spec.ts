import AxeBuilder from '@axe-core/playwright';
import { eventually, externalTool, startSupervised, type Supervised } from '@penstock/testing';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { earthquakesNdjson } from './earthquakes.ts';
import { graphql, processes } from './graphql.ts';

const program = externalTool('chromium', 'chromium-browser', 'google-chrome');
const pages = {
  overview: '/',
  topics: '/ui/topics',
  topic: '/ui/topics/earthquakes',
  'consumer groups': '/ui/consumer-groups',
  'consumer group': '/ui/consumer-groups/GROUP',
  pipelines: '/ui/pipelines',
  pipeline: '/ui/pipelines/earthquake-alerts',
  'batch jobs': '/ui/batch-jobs',
  'batch job': '/ui/batch-jobs/earthquake-daily-report',
  events: '/ui/events',
};

let system: Supervised;
let browser: Browser;
let groupId: string;

async function startBrowser(): Promise<void> {
  system = await startSupervised();
  browser = await chromium.launch({
    executablePath: program!,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-gpu'],
  });
}

async function fillWithEarthquakes(): Promise<void> {
  await fetch(`${system.baseUrl}/ingest/earthquakes`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: earthquakesNdjson,
  });
  groupId = await eventually(
    async () => {
      const { consumerGroups } = await graphql<{
        consumerGroups: { nodes: { groupId: string; lag: number | null }[] };
      }>(system.baseUrl, '{ consumerGroups { nodes { groupId lag } } }');
      return consumerGroups.nodes.find(({ lag }) => lag === 0)?.groupId;
    },
    { deadlineMs: 30_000, intervalMs: 250, what: 'a group that caught up' },
  );
}

/** A page that remembers what it complained about. */
async function openPage(context: BrowserContext): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, complaints };
}

async function waitForLive(page: Page): Promise<void> {
  await page.locator('[data-testid="live-age"][data-state="live"]').waitFor({ timeout: 20_000 });
}

describe.skipIf(program === undefined)('the dashboard in a browser', () => {
  beforeAll(startBrowser);
  afterAll(async () => {
    await browser?.close();
    await system?.[Symbol.asyncDispose]();
  });

  test('the first visit shows how to send a first record', async () => {
    const context = await browser.newContext();
    const { page, complaints } = await openPage(context);
    await page.goto(system.baseUrl);
    await waitForLive(page);
    await page.getByText('/ingest/').first().waitFor({ timeout: 10_000 });
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('the figure of produced records moves by itself', async () => {
    await fillWithEarthquakes();
    const context = await browser.newContext();
    const { page, complaints } = await openPage(context);
    await page.goto(system.baseUrl);
    await waitForLive(page);
    const produced = page.locator('[data-metric="produced-rate"]');
    await produced.waitFor({ timeout: 15_000 });
    const value = async () => Number(await produced.getAttribute('data-value'));
    const before = await value();
    await eventually(
      async () => {
        await fetch(`${system.baseUrl}/ingest/moving`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-ndjson' },
          body: Array.from({ length: 500 }, (_, i) => `{"i":${i}}`).join('\n'),
        });
        return (await value()) > before + 50;
      },
      { deadlineMs: 15_000, intervalMs: 200, what: 'a higher rate on the page' },
    );
    expect(complaints).toEqual([]);
    await context.close();
  });

  describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
    test.each(Object.keys(pages) as (keyof typeof pages)[])(
      'the page of %s has no error and no barrier',
      async (name) => {
        const context = await browser.newContext({ colorScheme });
        const { page, complaints } = await openPage(context);
        const path = pages[name].replace('GROUP', encodeURIComponent(groupId));
        await page.goto(`${system.baseUrl}${path}`);
        await waitForLive(page);
        await page.locator('h1').first().waitFor({ timeout: 10_000 });
        const { violations } = await new AxeBuilder({ page }).analyze();
        const barriers = violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
        expect([name, barriers]).toEqual([name, []]);
        expect([name, complaints]).toEqual([name, []]);
        await context.close();
      },
    );
  });

  test('no page is wider than a phone', async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
    const { page } = await openPage(context);
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(`${system.baseUrl}${path.replace('GROUP', encodeURIComponent(groupId))}`);
      await waitForLive(page);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect([name, width <= 390]).toEqual([name, true]);
    }
    await context.close();
  });

  test('recovers from the end of the server without a reload', async () => {
    const context = await browser.newContext();
    const { page } = await openPage(context);
    await page.goto(system.baseUrl);
    await waitForLive(page);
    await page.evaluate(() => Object.assign(window, { sameDocument: true }));
    const api = (await processes(system.baseUrl)).find(({ name }) => name === 'api')!;
    process.kill(api.pid!, 'SIGKILL');
    const state = page.locator('[data-testid="live-age"]');
    await eventually(async () => (await state.getAttribute('data-state')) !== 'live', {
      deadlineMs: 10_000,
      intervalMs: 10,
      what: 'a page that says it is not live',
    });
    await waitForLive(page);
    expect(await page.evaluate(() => 'sameDocument' in window)).toBe(true);
    await context.close();
  });
});
