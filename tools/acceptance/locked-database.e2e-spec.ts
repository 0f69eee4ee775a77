import { join } from 'node:path';
import { eventually, GraphqlClient, type Penstock, startPenstock } from '@penstock/testing';
import Database from 'better-sqlite3';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { earthquakes } from './earthquakes.ts';

/** Longer than a consumer's session: a member that is silent for so long is thrown out. */
const LOCKED_MS = 15_000;
const GROUP = 'earthquake-alerts';

let penstock: Penstock;
let client: GraphqlClient;

beforeAll(async () => {
  penstock = await startPenstock({ redis: false, env: { REDIS_URL: 'redis://127.0.0.1:1' } });
  client = new GraphqlClient(penstock.baseUrl);
});

afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await penstock?.[Symbol.asyncDispose]();
});

/** What a backup, a repair or a person with sqlite3 does: a write transaction that takes long. */
function lockControlDatabase(): { heldMs: () => number; release: () => void } {
  const database = new Database(join(penstock.dataDir, 'control.db'), { timeout: 5_000 });
  database.exec('BEGIN IMMEDIATE');
  const since = performance.now();
  return { heldMs: () => performance.now() - since, release: () => database.close() };
}

it('ingest, processors and live figures go on while somebody holds control.db, and it is named', async () => {
  const kafka = new Kafka({ brokers: [penstock.bootstrapServers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const members = async (): Promise<string[]> =>
    (await admin.describeGroups([GROUP])).groups[0]!.members.map(({ memberId }) => memberId);
  const frames = client.subscribe<{
    live: { brokerError: string | null; databaseError: string | null; workersAlive: number };
  }>('subscription { live { brokerError databaseError workersAlive } }');
  await eventually(async () => (await members()).length === 1, 30_000);
  await frames.until(({ live }) => live.workersAlive === 1, 30_000);
  const before = await members();

  const lock = lockControlDatabase();
  const from = frames.values.length;
  const quakes = earthquakes.slice(0, 100);
  for (const quake of quakes) {
    const answer = await fetch(`${penstock.baseUrl}/ingest/earthquakes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(quake),
    });
    expect(answer.status).toBe(200);
  }
  await eventually(async () => {
    const ends = await admin.fetchTopicOffsets('earthquakes');
    const committed = await admin.fetchOffsets({ groupId: GROUP, topics: ['earthquakes'] });
    const sum = committed[0]!.partitions.reduce((total, { offset }) => total + Number(offset), 0);
    return sum === quakes.length && ends.length > 0;
  });
  const frame = await frames.until(({ live }) => live.databaseError !== null);
  expect(frame.live.databaseError).toMatch(/^control\.db is locked by .+ \(process \d+\) for/);
  const readiness = await fetch(`${penstock.baseUrl}/readyz`);
  expect(readiness.status).toBe(200);
  expect(await readiness.json()).toMatchObject({
    missing: expect.arrayContaining([
      { name: 'databaseWrites', required: false, detail: expect.stringContaining('is locked by') },
    ]),
  });
  const refused = await client.ask(
    'mutation { startBatchRun(input: { job: "earthquake-daily-report" }) { __typename } }',
  );
  expect(refused.errors[0]?.extensions?.code).toBe('DATABASE_BUSY');
  expect(refused.errors[0]?.message).toContain('control.db is locked by');
  await eventually(() => lock.heldMs() > LOCKED_MS, 2 * LOCKED_MS);
  // All of this was while it was locked.
  expect(await members()).toEqual(before);
  lock.release();
  await eventually(() => frames.last?.live.databaseError === null);
  const during = frames.values.slice(from);
  expect(during.filter(({ live }) => live.brokerError !== null)).toEqual([]);
  expect(during.filter(({ live }) => live.workersAlive !== 1)).toEqual([]);
  expect(await members()).toEqual(before);
  const names = await client.ask<{ events: { nodes: { kind: string }[] } }>(
    `{ events(subject: "${GROUP}", first: 50) { nodes { kind } } }`,
  );
  const rebalances = names.data!.events.nodes.filter(({ kind }) => kind === 'GROUP_REBALANCED');
  expect(rebalances.length).toBeLessThanOrEqual(1);
  for (const name of ['api', 'worker'] as const) {
    const said = penstock
      .logs(name)
      .split('\n')
      .filter((line) => line.includes('is locked by'));
    expect(said.length).toBeGreaterThan(0);
    expect(said.length).toBeLessThanOrEqual(2);
  }
  await admin.disconnect();
}, 120_000);
