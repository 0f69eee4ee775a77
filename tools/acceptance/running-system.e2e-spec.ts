import {
  eventually,
  expositionProblems,
  startSupervised,
  type Supervised,
} from '@penstock/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { earthquakes, earthquakesNdjson, expectedDays, strong } from './earthquakes.ts';
import { graphql, LiveFollower, processes } from './graphql.ts';
import { kafkaJs, readAll } from './kafka-reader.ts';

const LATENCY_MS_MAX = 1500;

/** One system for all of these tests: none of them needs settings or a state of its own. */
let system: Supervised;
beforeAll(async () => {
  system = await startSupervised();
});
afterAll(() => system?.[Symbol.asyncDispose]());

test('a record that was acknowledged is in a live frame at most 1.5 s later', async () => {
  const producer = kafkaJs(system.bootstrapServers).producer();
  await producer.connect();
  await using live = new LiveFollower(system.baseUrl);
  await eventually(() => live.frames.length > 1, { deadlineMs: 15_000, what: 'live frames' });
  const latencies: number[] = [];
  for (let sent = 1; sent <= 5; sent++) {
    await producer.send({ topic: 'live-latency', acks: -1, messages: [{ value: `v${sent}` }] });
    const acknowledgedAt = Date.now();
    await eventually(() => live.endOffsetSum('live-latency') >= sent, {
      deadlineMs: 10_000,
      intervalMs: 5,
      what: `record ${sent} in a frame`,
    });
    latencies.push(live.frames.at(-1)!.receivedAt - acknowledgedAt);
  }
  await producer.disconnect();
  // The first record also makes its topic.
  expect(Math.max(...latencies)).toBeLessThanOrEqual(LATENCY_MS_MAX);
});

test('frames come once a second, numbered, with one epoch', async () => {
  await using live = new LiveFollower(system.baseUrl);
  await eventually(() => live.frames.length >= 5, { deadlineMs: 15_000, what: 'five frames' });
  const frames = live.frames.map(({ frame }) => frame);
  expect(new Set(frames.map(({ epoch }) => epoch)).size).toBe(1);
  for (const [index, frame] of frames.slice(2).entries()) {
    expect(frame.seq).toBeGreaterThan(frames[index + 1]!.seq);
    expect(frame.at - frames[index + 1]!.at).toBeGreaterThan(500);
    expect(frame.at - frames[index + 1]!.at).toBeLessThan(2000);
  }
});

test('history shows what was measured', async () => {
  const query = `query($from: Timestamp!) { history(input: { from: $from,
    series: [{ kind: TOPIC, subject: "live-latency", metric: IN }] }) {
    tierSeconds series { at value } } }`;
  await eventually(
    async () => {
      const { history } = await graphql<{ history: { series: { value: (number | null)[] }[] } }>(
        system.baseUrl,
        query,
        { from: Date.now() - 600_000 },
      );
      return history.series[0]?.value.some((value) => value !== null && value > 0);
    },
    { deadlineMs: 20_000, intervalMs: 500, what: 'a rate in the history' },
  );
});

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

test('one page has the figures of every process, and says which does not answer', async () => {
  const page = async () => await (await fetch(`${system.baseUrl}/metrics`)).text();
  await fetch(`${system.baseUrl}/ingest/measured`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: '1\n2\n3\n',
  });
  const all = await eventually(async () => {
    const text = await page();
    return text.includes('topic_partition_current_offset{topic="measured"') ? text : undefined;
  }, 30_000);
  expect(expositionProblems(all)).toEqual([]);
  for (const name of ['broker', 'api', 'worker']) {
    expect(all).toContain(`penstock_process_up{process="${name}"} 1`);
    expect(all).toMatch(new RegExp(`process_cpu_seconds_total{process="${name}"} `));
  }
  const traffic = 'kafka_server_brokertopicmetrics_messagesin_total';
  expect(all).toContain(`${traffic}{topic="measured",process="broker"} 3`);

  const worker = (await processes(system.baseUrl)).find(({ name }) => name === 'worker')!;
  process.kill(worker.pid!, 'SIGSTOP');
  try {
    const without = await page();
    expect(without).toContain('penstock_process_up{process="worker"} 0');
    expect(without).toContain('penstock_process_up{process="broker"} 1');
    expect(without).not.toMatch(/process_cpu_seconds_total\{process="worker"\}/);
    expect(expositionProblems(without)).toEqual([]);
  } finally {
    process.kill(worker.pid!, 'SIGCONT');
  }
});
