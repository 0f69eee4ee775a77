import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { eventually, GraphqlClient, type Penstock, startPenstock } from '@penstock/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Processor {
  readonly state: string;
  readonly consumed: number;
  readonly produced: number;
  readonly lastError: string | null;
  readonly stateProblem: string | null;
}

const PIPELINE = 'earthquake-alerts';
const FIELDS = 'state consumed produced lastError stateProblem';

let penstock: Penstock;
let client: GraphqlClient;

beforeAll(async () => {
  penstock = await startPenstock({ processes: ['broker', 'api'], redis: true });
  client = new GraphqlClient(penstock.baseUrl);
  leaveState(penstock.dataDir);
  await penstock.start('worker');
});

afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await penstock?.[Symbol.asyncDispose]();
});

/** The state that an earlier definition of the pipeline left; the one of now keeps none. */
function leaveState(dataDir: string): void {
  const folder = join(dataDir, 'state', PIPELINE, 'stream', '0');
  mkdirSync(folder, { recursive: true });
  const database = new DatabaseSync(join(folder, '0-0.sqlite'));
  database.exec('CREATE TABLE header (id INTEGER PRIMARY KEY, json TEXT NOT NULL)');
  database.exec('PRAGMA user_version = 1');
  const positions = {
    partitions: [],
    upstreams: [],
    watermark: null,
    stateHash: '0123456789abcdef',
    exitSequence: 0,
    epoch: 0,
  };
  const header = JSON.stringify({ positions, sequence: 0, deliveredUpTo: 0 });
  database.prepare('INSERT INTO header VALUES (0, ?)').run(header);
  database.close();
}

async function processor(): Promise<Processor | null> {
  const { pipeline } = await client.query<{ pipeline: { processor: Processor | null } | null }>(
    `{ pipeline(name: "${PIPELINE}") { processor { ${FIELDS} } } }`,
  );
  return pipeline?.processor ?? null;
}

async function shows(wanted: Partial<Processor>): Promise<Processor> {
  return eventually(
    async () => {
      const now = await processor();
      const isShown = Object.entries(wanted).every(
        ([name, value]) => now?.[name as never] === value,
      );
      return isShown && now;
    },
    { deadlineMs: 30_000, what: JSON.stringify(wanted) },
  );
}

async function tell(
  call: string,
): Promise<{ __typename: string; code?: string; message?: string }> {
  const { told } = await client.query<{ told: { __typename: string } }>(
    `mutation { told: ${call} { __typename ... on Problem { code message } } }`,
  );
  return told;
}

async function events(): Promise<string[]> {
  const { events: found } = await client.query<{ events: { nodes: { kind: string }[] } }>(
    `{ events(first: 50, subject: "${PIPELINE}") { nodes { kind } } }`,
  );
  return found.nodes.map(({ kind }) => kind);
}

async function send(count: number): Promise<void> {
  const earthquake = JSON.stringify({
    id: 'strong',
    properties: { mag: 6, place: 'here', time: 0, url: 'http://localhost', tsunami: 0 },
    geometry: { coordinates: [0, 0, 1] },
  });
  const body = Array.from({ length: count }, () => earthquake).join('\n');
  const headers = { 'content-type': 'application/x-ndjson' };
  await fetch(`${penstock.baseUrl}/ingest/earthquakes`, { method: 'POST', headers, body });
}

describe('a processor whose state another definition made', () => {
  test('says so, reads nothing, and goes on when the state is kept', async () => {
    const stopped = await shows({ stateProblem: 'CHANGED' });
    expect(stopped).toMatchObject({ state: 'FAILED', consumed: 0 });
    expect(stopped.lastError).toContain('state of definition 0123456789abcdef');
    await send(3);
    expect(await events()).toContain('PROCESSOR_FAILED');
    expect(await processor()).toMatchObject({ stateProblem: 'CHANGED', consumed: 0 });
    expect(await tell(`keepProcessorState(pipeline: "${PIPELINE}")`)).toEqual({
      __typename: 'Processor',
    });
    await shows({ stateProblem: null, state: 'RUNNING', consumed: 3, produced: 3 });
    expect(await events()).toContain('PROCESSOR_STATE_KEPT');
  });

  test('starts over from where it is told to', async () => {
    const over = (from: string) => `startProcessorOver(pipeline: "${PIPELINE}", from: ${from})`;
    expect(await tell(over('EARLIEST'))).toEqual({ __typename: 'Processor' });
    await shows({ consumed: 6, produced: 6 });
    await tell(over('COMMITTED'));
    await send(1);
    await shows({ consumed: 7, state: 'RUNNING' });
    expect((await events()).filter((kind) => kind === 'PROCESSOR_STARTED_OVER')).toHaveLength(2);
    // A worker that comes later goes on where this one was.
    await penstock.stop('worker');
    await penstock.start('worker');
    await send(1);
    await shows({ consumed: 8, state: 'RUNNING' });
  });

  test('is told why nothing can be decided', async () => {
    expect(await tell(`keepProcessorState(pipeline: "${PIPELINE}")`)).toMatchObject({
      code: 'WRONG_STATE',
      message: expect.stringContaining('no instance waits'),
    });
    const job = 'earthquake-daily-report';
    expect(await tell(`startProcessorOver(pipeline: "${job}", from: LATEST)`)).toMatchObject({
      code: 'WRONG_STATE',
    });
    expect(await tell('startProcessorOver(pipeline: "no-such", from: LATEST)')).toMatchObject({
      code: 'PIPELINE_NOT_FOUND',
    });
    await expect(tell(`startProcessorOver(pipeline: "${job}", from: MIDDLE)`)).rejects.toThrow();
  });
});
