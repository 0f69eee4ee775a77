import { eventually, GraphqlClient, type Penstock, startPenstock } from '@penstock/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Run {
  readonly id: string;
  readonly state: string;
  readonly trigger: string;
  readonly recordsRead: number;
  readonly recordsTotal: number;
  readonly resultUrl: string | null;
  readonly stepCount: number;
  readonly steps: { startOffset: number; endOffset: number; nextOffset: number; state: string }[];
}

const JOB = 'earthquake-daily-report';
const FIELDS = `id state trigger recordsRead recordsTotal resultUrl stepCount
  steps { startOffset endOffset nextOffset state }`;

let penstock: Penstock;
let client: GraphqlClient;

beforeAll(async () => {
  penstock = await startPenstock();
  client = new GraphqlClient(penstock.baseUrl);
  const lines = Array.from({ length: 20 }, (_, index) =>
    JSON.stringify({
      id: `e${index}`,
      properties: {
        mag: 2,
        place: 'here',
        time: Date.UTC(2026, 0, (index % 4) + 1),
        url: 'http://localhost',
        tsunami: 0,
      },
      geometry: { coordinates: [0, 0, 1] },
    }),
  );
  await fetch(`${penstock.baseUrl}/ingest/earthquakes`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.join('\n'),
  });
  await eventually(async () => {
    const { batchJob } = await client.query<{ batchJob: unknown }>(
      `{ batchJob(name: "${JOB}") { name } }`,
    );
    return batchJob !== null;
  });
});

afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await penstock?.[Symbol.asyncDispose]();
});

interface RunPage {
  readonly batchRuns: {
    nodes: { id: string }[];
    totalCount: number;
    endCursor: string;
    hasNextPage: boolean;
  };
}

type Outcome = { __typename: string; id?: string; code?: string; field?: string };

async function start(input: Record<string, unknown>): Promise<Outcome> {
  const query = `mutation ($input: StartBatchRunInput!) { startBatchRun(input: $input) {
    __typename ... on BatchRun { id } ... on Problem { code } ... on InvalidInput { field } } }`;
  return (await client.query<{ startBatchRun: Outcome }>(query, { input })).startBatchRun;
}

async function cancel(id: string): Promise<Outcome> {
  const query = `mutation ($id: ID!) { cancelBatchRun(id: $id) {
    __typename ... on Problem { code message } } }`;
  return (await client.query<{ cancelBatchRun: Outcome }>(query, { id })).cancelBatchRun;
}

async function ended(id: string): Promise<Run> {
  return (await eventually(
    async () => {
      const { batchRun } = await client.query<{ batchRun: Run }>(
        `query ($id: ID!) { batchRun(id: $id) { ${FIELDS} } }`,
        { id },
      );
      return ['SUCCEEDED', 'FAILED'].includes(batchRun.state) && batchRun;
    },
    { deadlineMs: 30_000, what: 'the end of the run' },
  )) as Run;
}

describe('a batch run', () => {
  test('reads the window that it froze, step by step, and its result can be downloaded', async () => {
    const started = await start({ job: JOB });
    expect(started.__typename).toBe('BatchRun');
    const run = await ended(started.id!);
    expect(run).toMatchObject({
      state: 'SUCCEEDED',
      trigger: 'HAND',
      recordsRead: 20,
      recordsTotal: 20,
    });
    expect(run.stepCount).toBe(run.steps.length);
    const sizes = run.steps.map(({ startOffset, endOffset }) => endOffset - startOffset);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(run.recordsTotal);
    expect(run.steps.every(({ endOffset, nextOffset }) => endOffset === nextOffset)).toBe(true);
    const result = await fetch(`${penstock.baseUrl}${run.resultUrl}`);
    expect(result.headers.get('content-type')).toContain('text/csv');
    expect((await result.text()).trim().split(/\r?\n/)).toHaveLength(5);
    expect(await cancel(run.id)).toMatchObject({ __typename: 'WrongState' });
  });

  test('that cannot be started or ended says why', async () => {
    expect(await start({ job: 'no-such-job' })).toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
    expect(await start({ job: JOB, from: 2, to: 1 })).toMatchObject({
      __typename: 'InvalidInput',
      field: 'to',
    });
    expect(await cancel('no-such-run')).toMatchObject({ code: 'RUN_NOT_FOUND' });
    const result = await fetch(`${penstock.baseUrl}/api/batch-runs/no-such-run/result`);
    expect([result.status, result.headers.get('content-type')]).toEqual([
      404,
      'application/problem+json',
    ]);
  });

  test('is found by its job and its state, page by page', async () => {
    for (let count = 0; count < 2; count++) await ended((await start({ job: JOB })).id!);
    const ids: string[] = [];
    let after: string | null = null;
    do {
      const { batchRuns }: RunPage = await client.query<RunPage>(
        `query ($after: String) { batchRuns(job: "${JOB}", state: SUCCEEDED, first: 2, after: $after) {
          nodes { id } totalCount endCursor hasNextPage } }`,
        { after },
      );
      expect(batchRuns.totalCount).toBe(3);
      ids.push(...batchRuns.nodes.map(({ id }) => id));
      after = batchRuns.hasNextPage ? batchRuns.endCursor : null;
    } while (after !== null);
    expect(new Set(ids).size).toBe(3);
    const failed = await client.query<{ batchRuns: unknown }>(
      `{ batchRuns(job: "${JOB}", state: FAILED) { totalCount nodes { id } } }`,
    );
    expect(failed.batchRuns).toEqual({ totalCount: 0, nodes: [] });
  });
});

type Problem = { __typename: string; code?: string; message?: string };

async function mutate<Answer>(call: string, fields: string): Promise<Answer & Problem> {
  const query = `mutation { told: ${call} { __typename ${fields} ... on Problem { code message } } }`;
  return (await client.query<{ told: Answer & Problem }>(query)).told;
}

describe('a batch job', () => {
  test('says what its schedule does, and can be paused', async () => {
    const fields = `... on BatchJob { paused state choices { window catchUp overlap onFailure onGap }
      nextRunsAt blockedBy { id } problem }`;
    const paused = await mutate(`pauseSchedule(job: "${JOB}")`, fields);
    expect(paused).toMatchObject({
      paused: true,
      state: 'PAUSED',
      blockedBy: null,
      problem: null,
      choices: { window: 'CONTIGUOUS', catchUp: 'COALESCE', overlap: 'SKIP', onFailure: 'BLOCK' },
    });
    const { nextRunsAt } = paused as unknown as { nextRunsAt: number[] };
    const minutes = nextRunsAt.map((at) => new Date(at).toISOString().slice(11, 16));
    expect(minutes).toEqual(['00:05', '00:05', '00:05']);
    expect(await mutate(`resumeSchedule(job: "${JOB}")`, fields)).toMatchObject({ paused: false });
    expect(await mutate('pauseSchedule(job: "earthquake-alerts")', fields)).toMatchObject({
      code: 'WRONG_STATE',
    });
    const { windowGrid } = await client.query<{
      windowGrid: { nodes: { recordsTotal: number }[]; faults: unknown[] };
    }>(`{ windowGrid(job: "${JOB}", first: 3) { nodes { recordsTotal } faults { kind } } }`);
    // The first run has read all that there was; those after it had nothing left to claim.
    expect(windowGrid.nodes.map(({ recordsTotal }) => recordsTotal)).toEqual([0, 0, 20]);
    expect(windowGrid.faults).toEqual([]);
  });

  test('does a time range over again, as it was previewed', async () => {
    const day = 86_400_000;
    const to = Date.now() + day;
    const from = to - 3 * day;
    const shown = await mutate<{ id: string; recordsTotal: number; partCount: number }>(
      `previewBackfill(input: { job: "${JOB}", from: ${from}, to: ${to}, cut: GRID, concurrency: 2 })`,
      '... on Backfill { id state recordsTotal bytesTotal partCount parts { from to } }',
    );
    expect(shown).toMatchObject({ state: 'PREVIEW', recordsTotal: 20, partCount: 4 });
    await mutate(`startBackfill(previewId: "${shown.id}")`, '... on Backfill { state }');
    const done = await eventually(
      async () => {
        const { backfill } = await client.query<{ backfill: { state: string; succeeded: number } }>(
          `{ backfill(id: "${shown.id}") { state succeeded failed } }`,
        );
        return backfill.state === 'DONE' && backfill;
      },
      { deadlineMs: 30_000, what: 'the end of the backfill' },
    );
    expect(done).toEqual({ state: 'DONE', succeeded: 4, failed: 0 });
    const { batchJob } = await client.query<{ batchJob: unknown }>(
      `{ batchJob(name: "${JOB}") { backfillCount backfills { id } } }`,
    );
    expect(batchJob).toEqual({ backfillCount: 1, backfills: [{ id: shown.id }] });
    expect(await mutate('cancelBackfill(id: "none")', '')).toMatchObject({
      code: 'BACKFILL_NOT_FOUND',
    });
  });
});

describe('a run that has ended', () => {
  test('shows its attempts and their logs, and can be started over', async () => {
    const offsets = [{ topic: 'earthquakes', partition: 0, startOffset: 0, endOffset: 1 }];
    const { id } = await start({ job: JOB, offsets, params: '{"why":"to look"}' });
    await ended(id!);
    const { batchRun } = await client.query<{ batchRun: Record<string, unknown> }>(
      `{ batchRun(id: "${id}") { detached generation params isLate recordsTotal
        window { kind partitionCount partitions { topic partition startOffset endOffset lost origin } }
        attempts { number generation outcome error } attemptLog(attempt: 1) { lineCount url } } }`,
    );
    expect(batchRun).toMatchObject({
      detached: true,
      generation: 1,
      params: '{"why":"to look"}',
      recordsTotal: 1,
      window: { kind: 'OFFSETS', partitions: [{ ...offsets[0], lost: 0, origin: null }] },
      attempts: [{ number: 1, generation: 1, outcome: 'SUCCEEDED', error: null }],
    });
    const { url } = batchRun['attemptLog'] as { url: string };
    await eventually(async () => {
      const log = await fetch(`${penstock.baseUrl}${url}`);
      return (await log.text()).includes('info  earthquakes/0: reads offsets 0 to 1');
    });
    const none = await fetch(`${penstock.baseUrl}/api/batch-runs/${id}/attempts/9/log`);
    expect([none.status, none.headers.get('content-type')]).toEqual([
      404,
      'application/problem+json',
    ]);
    expect(await mutate(`retryBatchRun(id: "${id}")`, '')).toMatchObject({ code: 'WRONG_STATE' });
    const restarted = await mutate(
      `restartBatchRun(id: "${id}")`,
      '... on BatchRun { generation }',
    );
    expect(restarted).toMatchObject({ generation: 2 });
    expect(await ended(id!)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await mutate('restartBatchRun(id: "none")', '')).toMatchObject({
      code: 'RUN_NOT_FOUND',
    });
  });
});
