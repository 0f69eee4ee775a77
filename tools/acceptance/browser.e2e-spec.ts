import AxeBuilder from '@axe-core/playwright';
import { eventually, externalTool, startSupervised, type Supervised } from '@penstock/testing';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { earthquakesNdjson } from './earthquakes.ts';
import { graphql, processes } from './graphql.ts';
import { pageFaults, widths } from './page-faults.ts';
import { longGroup, longTopic, makeWideWorld, wideTopic } from './wide-world.ts';

const program = externalTool('chromium-headless-shell', 'chromium', 'google-chrome');
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

const oneRecord = '?mode=oldest&partition=0&record=0-0';
const ofTopic = `/ui/topics/${longTopic}`;
/** Every kind of page, each with the longest names, and tables of many rows. */
const widePages = [
  '/',
  '/ui/topics',
  `${ofTopic}${oneRecord}`,
  `${ofTopic}?tab=config`,
  `${ofTopic}?tab=groups`,
  `/ui/topics/${wideTopic}?mode=newest`,
  '/ui/topics/none',
  '/ui/consumer-groups',
  `/ui/consumer-groups/${longGroup}`,
  `/ui/consumer-groups/${longGroup}?tab=events`,
  '/ui/pipelines',
  '/ui/pipelines/earthquake-alerts',
  '/ui/batch-jobs',
  '/ui/batch-jobs/earthquake-daily-report',
  '/ui/events',
];

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

/** Records, a group that has read them, and a run that has ended, whatever the time of day. */
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
  await graphql(
    system.baseUrl,
    'mutation { startBatchRun(input: { job: "earthquake-daily-report" }) { __typename } }',
  );
  await eventually(
    async () => {
      const { batchRuns } = await graphql<{ batchRuns: { totalCount: number } }>(
        system.baseUrl,
        '{ batchRuns(job: "earthquake-daily-report", state: SUCCEEDED) { totalCount } }',
      );
      return batchRuns.totalCount > 0;
    },
    { deadlineMs: 60_000, intervalMs: 250, what: 'a batch run that succeeded' },
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

/** Barriers for people who cannot see or cannot use a pointer. */
async function barriers(page: Page, rules?: string[]): Promise<string[]> {
  // What passes is not listed, and the findings do not go through a second page: to describe every
  // element of a long page took most of the time. No page has a frame of another origin.
  const axe = new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).setLegacyMode();
  const { violations } = await (rules === undefined ? axe : axe.withRules(rules)).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

/** What a screen reader says beside the name of a field; runs in the browser. */
function description(field: Element): string {
  const ids = field.getAttribute('aria-describedby')?.split(' ') ?? [];
  return ids.map((id) => document.getElementById(id)?.textContent ?? '').join(' ');
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
    for (const width of widths) {
      await page.setViewportSize({ width, height: 844 });
      await expect.poll(async () => [width, await pageFaults(page)]).toEqual([width, []]);
    }
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

  test.each(Object.keys(pages) as (keyof typeof pages)[])(
    'the page of %s has no error and no barrier, in light and in dark',
    async (name) => {
      const context = await browser.newContext({ colorScheme: 'light' });
      const { page, complaints } = await openPage(context);
      const path = pages[name].replace('GROUP', encodeURIComponent(groupId));
      await page.goto(`${system.baseUrl}${path}`);
      await waitForLive(page);
      await page.locator('h1').first().waitFor({ timeout: 10_000 });
      // What the page asked for is there.
      await page.waitForLoadState('networkidle');
      expect([name, await barriers(page)]).toEqual([name, []]);
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
      // The same elements in other colours.
      expect([name, await barriers(page, ['color-contrast'])]).toEqual([name, []]);
      expect([name, complaints]).toEqual([name, []]);
      await context.close();
    },
  );

  describe('in a world of long names and many things', () => {
    beforeAll(() => makeWideWorld(system.bootstrapServers));

    test.each(widePages)('everything of %s has its place at each width', async (path) => {
      const context = await browser.newContext();
      const { page } = await openPage(context);
      await page.goto(`${system.baseUrl}${path}`);
      await waitForLive(page);
      await page.locator('h1').first().waitFor({ timeout: 10_000 });
      // What the page asked for is there.
      await page.waitForLoadState('networkidle');
      for (const width of widths) {
        await page.setViewportSize({ width, height: 844 });
        await expect.poll(async () => [width, await pageFaults(page)]).toEqual([width, []]);
      }
      await page.setViewportSize({ width: 390, height: 844 });
      expect(await barriers(page)).toEqual([]);
      await context.close();
    });

    test.each([
      { width: 1440, height: 700 },
      { width: 390, height: 844 },
    ])('choosing a record or a partition moves nothing, at $width px', async (viewport) => {
      const context = await browser.newContext({ viewport });
      const { page } = await openPage(context);
      await page.goto(`${system.baseUrl}/ui/topics/${wideTopic}?mode=newest&partition=75`);
      await waitForLive(page);
      const rows = page.locator('.record-table tbody tr');
      await rows.first().waitFor();
      await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
      const position = () => page.evaluate(() => window.scrollY);
      const before = await position();
      expect(before).toBeGreaterThan(0);
      await rows.nth(4).click();
      await page.locator('.record-view').waitFor();
      expect(await position()).toBe(before);
      await page.keyboard.press('Escape');
      await page.locator('.record-view').waitFor({ state: 'detached' });
      if (viewport.width > 1000) {
        const box = page.locator('.partitions');
        await box.evaluate((element) => element.scrollTo(0, 900));
        await page.getByRole('checkbox', { name: 'p40', exact: true }).click();
        await page.getByText('There is no record here.').waitFor();
        expect(await box.evaluate((element) => element.scrollTop)).toBeGreaterThanOrEqual(900);
        expect(await position()).toBeGreaterThan(0);
      }
      await context.close();
    });

    test('a link to a record opens it wherever it lies, and says when it is not there', async () => {
      const context = await browser.newContext();
      const { page } = await openPage(context);
      for (const mode of ['live', 'newest', 'oldest']) {
        await page.goto(`${system.baseUrl}/ui/topics/${wideTopic}?mode=${mode}&record=75-3`);
        await page.getByRole('region', { name: 'Record 3 of partition 75' }).waitFor();
      }
      await page.goto(`${system.baseUrl}/ui/topics/${wideTopic}?record=75-1000`);
      await page.getByText('Partition 75 holds the offsets 0 to 59').waitFor();
      await context.close();
    });
  });

  test('what cannot be meant is said beside its field, and nothing is sent', async () => {
    const context = await browser.newContext();
    const { page } = await openPage(context);
    const changes: string[] = [];
    page.on('request', (request) => {
      if (/mutation \w+\(/.test(request.postData() ?? '')) changes.push(request.postData()!);
    });
    const refuses = async (label: string, value: string, send: string, problem: RegExp) => {
      const field = page.getByLabel(label, { exact: true });
      const before = await field.inputValue();
      await field.fill(value);
      await page.getByRole('button', { name: send, exact: true }).click();
      await expect.poll(() => field.evaluate(description)).toMatch(problem);
      await field.fill(before);
    };
    await page.goto(`${system.baseUrl}/ui/topics?open=create`);
    await page.getByRole('textbox', { name: /^Name/ }).fill('never-created');
    for (const wrong of ['1.5', '-1', 'many', '1e3']) {
      await refuses('Partitions', wrong, 'Create topic', /is no whole number/);
    }
    const configs = 'retention.ms=1000\ncleanup.policy: compact';
    await refuses('Configuration', configs, 'Create topic', /Line 2, “cleanup.policy: compact”/);
    await page.goto(`${system.baseUrl}/ui/topics/earthquakes?open=produce`);
    await refuses('Headers', 'source: test\ntrace', 'Produce', /Line 2, “trace”, has no “:”/);
    await page.goto(`${system.baseUrl}/ui/batch-jobs/earthquake-daily-report?open=run`);
    await refuses('Records since', 'soon', 'Run now', /“soon” is no time/);
    await refuses('Records before', '2026-02-30', 'Run now', /“2026-02-30” is no time/);
    for (const [mode, label, wrong] of [
      ['offset', 'First offset', '1.5'],
      ['time', 'First time', 'yesterday'],
    ] as const) {
      await page.goto(`${system.baseUrl}/ui/topics/earthquakes?mode=${mode}`);
      await page.getByLabel(label).fill(wrong);
      await page.getByLabel(label).press('Enter');
      await page.getByText(`“${wrong}” is no ${mode}`).waitFor();
      expect(new URL(page.url()).search).toBe(`?mode=${mode}`);
    }
    expect(changes).toEqual([]);

    // A value that only the server can refuse is sent as typed; its answer is shown there too.
    await page.goto(`${system.baseUrl}/ui/topics?open=create`);
    await page.getByRole('textbox', { name: /^Name/ }).fill('never-created');
    for (const wrong of ['0', '5000']) {
      await refuses('Partitions', wrong, 'Create topic', /1 to 1000/);
      expect(changes.pop()).toContain(`"partitions":${wrong},`);
    }
    await context.close();
  });

  test('all is reached by keys alone', async () => {
    const context = await browser.newContext();
    const { page } = await openPage(context);
    await page.goto(system.baseUrl);
    await waitForLive(page);
    const keys = async (...pressed: string[]) => {
      for (const key of pressed) await page.keyboard.press(key);
    };
    await keys('g', 't');
    // The Overview has rows, too: keys that come before the page has changed are meant for it.
    await page.getByLabel('Filter by name').waitFor();
    await page.locator('.table [data-row]').first().waitFor();
    await keys('/');
    await page.keyboard.type('earthquakes-per-day');
    await page.getByText('1 topic', { exact: true }).waitFor();
    await keys('Tab', 'j', 'Enter');
    await page.waitForURL('**/ui/topics/earthquakes-per-day');
    await page.getByRole('tab', { name: 'Records' }).waitFor();
    await keys(']');
    await page.waitForURL('**tab=throughput');
    // The chosen tab has the focus and does not use Space: Space pauses, as its button says.
    await keys('Space');
    await page.locator('[data-testid="live-age"][data-state="paused"]').waitFor();
    await keys('Space', '[');
    await waitForLive(page);
    await keys('g', 'o');
    await page.locator('h1').first().waitFor();
    await keys('Control+k');
    const palette = page.getByRole('dialog', { name: 'Find or do' });
    await palette.getByText(/^and \d+ more: type more of the name$/).waitFor();
    await page.keyboard.type('earthquakes');
    await palette.getByText(/^and \d+ more/).waitFor({ state: 'hidden' });
    await palette.getByRole('button', { name: 'earthquakes', exact: true }).waitFor();
    await keys('Enter');
    await page.waitForURL('**/ui/topics/earthquakes');
    await context.close();
  });

  test('code that does not come is said, and asked for again without a reload', async () => {
    const context = await browser.newContext();
    const { page } = await openPage(context);
    // As if the server died in the first second: only the code of the first page has been loaded.
    await page.addInitScript(() => Object.assign(window, { requestIdleCallback: () => 0 }));
    await page.goto(system.baseUrl);
    await waitForLive(page);
    await page.route('**/assets/**', (route) => route.abort());
    await page.evaluate(() => Object.assign(window, { sameDocument: true }));
    await page.getByRole('link', { name: 'Events', exact: true }).first().click();
    await page.getByText('The server did not send the code of this page.').waitFor();
    await page.unroute('**/assets/**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Everything that happened').waitFor();
    expect(await page.evaluate(() => 'sameDocument' in window)).toBe(true);
    await context.close();
  });

  test('a click while the server is away keeps the dashboard, which goes on by itself', async () => {
    const context = await browser.newContext();
    const { page } = await openPage(context);
    await page.goto(system.baseUrl);
    await waitForLive(page);
    // All code comes when the browser has nothing else to do.
    await page.waitForLoadState('networkidle');
    await page.evaluate(() => Object.assign(window, { sameDocument: true }));
    const api = (await processes(system.baseUrl)).find(({ name }) => name === 'api')!;
    process.kill(api.pid!, 'SIGKILL');
    const rail = page.getByRole('navigation', { name: 'Main' });
    for (const name of ['Topics', 'Consumer groups', 'Pipelines', 'Batch jobs', 'Overview']) {
      await rail.getByRole('link', { name }).click();
      await page.locator('.crumbs').getByText(name, { exact: true }).waitFor();
      expect(await page.evaluate(() => 'sameDocument' in window)).toBe(true);
    }
    await waitForLive(page);
    for (const name of ['Topics', 'Consumer groups', 'Pipelines', 'Batch jobs', 'Events']) {
      await rail.getByRole('link', { name }).click();
      await page.locator('h1').first().waitFor();
      await expect.poll(() => page.locator('[role="alert"]').allTextContents()).toEqual([]);
    }
    expect(await page.evaluate(() => 'sameDocument' in window)).toBe(true);
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
