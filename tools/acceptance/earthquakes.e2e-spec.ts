import { eventually, startSupervised, type Supervised } from '@penstock/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { earthquakes, earthquakesNdjson, expectedDays, strong } from './earthquakes.ts';
import { graphql } from './graphql.ts';
import { readAll } from './kafka-reader.ts';

let system: Supervised;
beforeAll(async () => {
  system = await startSupervised();
});
afterAll(() => system?.[Symbol.asyncDispose]());

test('1,707 earthquakes posted as lines of JSON get 1,707 offsets', async () => {
  expect(earthquakes).toHaveLength(1707);
  const answer = await fetch(`${system.baseUrl}/ingest/earthquakes`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: earthquakesNdjson,
  });
  expect(answer.status).toBe(200);
  const { records } = (await answer.json()) as { records: { partition: number; offset: number }[] };
  expect(records).toHaveLength(1707);
  const places = new Set(records.map(({ partition, offset }) => `${partition}/${offset}`));
  expect(places.size).toBe(1707);
  const stored = await readAll(system.bootstrapServers, 'earthquakes');
  expect(stored.map(({ value }) => value!).sort()).toEqual(earthquakesNdjson.split('\n').sort());
});

test('the stream processor passes on the 85 strong ones, each once', async () => {
  const alerts = await eventually(
    async () => {
      const found = await readAll(system.bootstrapServers, 'earthquake-alerts');
      return found.length >= strong.length ? found : undefined;
    },
    { deadlineMs: 30_000, intervalMs: 500, what: `${strong.length} alerts` },
  );
  expect(strong).toHaveLength(85);
  expect(alerts).toHaveLength(85);
});

test('the daily report has eight days whose counts sum to 1,707', async () => {
  const started = await graphql<{ startBatchRun: { __typename: string; id: string } }>(
    system.baseUrl,
    `
      mutation {
        startBatchRun(input: { job: "earthquake-daily-report" }) {
          __typename
          ... on BatchRun {
            id
          }
          ... on Problem {
            code
            message
          }
        }
      }
    `,
  );
  expect(started.startBatchRun).toMatchObject({ __typename: 'BatchRun' });
  const run = await eventually(
    async () => {
      const { batchRun } = await graphql<{
        batchRun: { state: string; error: string; resultUrl: string; recordsRead: number };
      }>(
        system.baseUrl,
        'query($id: ID!) { batchRun(id: $id) { state error resultUrl recordsRead resultRows } }',
        { id: started.startBatchRun.id },
      );
      return ['SUCCEEDED', 'FAILED'].includes(batchRun.state) ? batchRun : undefined;
    },
    { deadlineMs: 30_000, what: 'the end of the batch run' },
  );
  expect(run).toMatchObject({ state: 'SUCCEEDED', recordsRead: 1707, resultRows: 8 });
  const csv = await (await fetch(`${system.baseUrl}${run.resultUrl}`)).text();
  const [head, ...rows] = csv.trim().split(/\r?\n/);
  const columns = head!.split(',');
  const cell = (row: string, pattern: RegExp) =>
    row.split(',')[columns.findIndex((column) => pattern.test(column))]!;
  const days = rows.map((row) => ({
    day: cell(row, /^day|date/i),
    count: Number(cell(row, /count/i)),
    max: Number(cell(row, /max/i)),
  }));
  expect(days).toEqual(expectedDays());
  expect(days.reduce((sum, { count }) => sum + count, 0)).toBe(1707);
});
