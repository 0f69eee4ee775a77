import {
  auditLedger,
  eventually,
  externalTool,
  startSupervised,
  type Supervised,
} from '@penstock/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { earthquakes, strong } from './earthquakes.ts';
import { graphql, LiveFollower, processes } from './graphql.ts';
import { kafkaJs, readAll } from './kafka-reader.ts';
import { readAllByKcat } from './kcat.ts';
import { LedgerProducer } from './ledger.ts';

const PARTITIONS = 3;
let system: Supervised;
beforeAll(async () => {
  system = await startSupervised();
});
afterAll(() => system?.[Symbol.asyncDispose]());

/** kill -9, then waits until the supervisor has brought it back and everything serves. */
async function killAndWait(name: string): Promise<void> {
  const of = async () => (await processes(system.baseUrl)).find((each) => each.name === name);
  const before = await of();
  process.kill(before!.pid!, 'SIGKILL');
  await eventually(
    async () => {
      const now = await of();
      return now?.state === 'RUNNING' && now.pid !== before!.pid;
    },
    { deadlineMs: 30_000, what: `${name} running again` },
  );
  await system.waitUntilServing(30_000);
}

async function startRun(): Promise<string> {
  const { startBatchRun } = await graphql<{ startBatchRun: { id: string } }>(
    system.baseUrl,
    `
      mutation {
        startBatchRun(input: { job: "earthquake-daily-report" }) {
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
  expect(startBatchRun).toHaveProperty('id');
  return startBatchRun.id;
}

async function runOf(id: string) {
  const { batchRun } = await graphql<{
    batchRun: { state: string; error: string | null; recordsRead: number; recordsTotal: number };
  }>(
    system.baseUrl,
    'query($id: ID!) { batchRun(id: $id) { state error recordsRead recordsTotal } }',
    { id },
  );
  return batchRun;
}

async function acknowledgedGrows({ ledger }: LedgerProducer, by: number): Promise<void> {
  const before = ledger.acknowledged.length;
  await eventually(() => ledger.acknowledged.length >= before + by, {
    deadlineMs: 30_000,
    what: `${by} more acknowledged records`,
  });
}

/** Sends the earthquakes piece by piece, again and again until each piece is acknowledged. */
async function trickleEarthquakes(): Promise<void> {
  const pieces = Array.from({ length: 40 }, (_, piece) =>
    earthquakes.slice((piece * earthquakes.length) / 40, ((piece + 1) * earthquakes.length) / 40),
  );
  for (const piece of pieces) {
    await eventually(
      async () => {
        const answer = await fetch(`${system.baseUrl}/ingest/earthquakes`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-ndjson' },
          body: piece.map((earthquake) => JSON.stringify(earthquake)).join('\n'),
          signal: AbortSignal.timeout(10_000),
        });
        return answer.status === 200;
      },
      { deadlineMs: 60_000, intervalMs: 200, what: 'ingest of a piece' },
    );
  }
}

describe('kill -9 of one process after the other, under load', { timeout: 240_000 }, () => {
  test('loses nothing that was acknowledged, and the work goes on', async () => {
    const admin = kafkaJs(system.bootstrapServers).admin();
    await admin.createTopics({ topics: [{ topic: 'ledger', numPartitions: PARTITIONS }] });
    await admin.disconnect();
    await using producer = new LedgerProducer(system.bootstrapServers, 'ledger', PARTITIONS);
    await using live = new LiveFollower(system.baseUrl);
    await producer.start();
    const trickling = trickleEarthquakes();
    await acknowledgedGrows(producer, 100);

    const names = (await processes(system.baseUrl)).map(({ name }) => name).sort();
    expect(names).toEqual(['api', 'broker', 'redis', 'worker']);
    for (const name of ['broker', 'api', 'worker', 'redis']) {
      const id = await startRun();
      await killAndWait(name);
      await acknowledgedGrows(producer, 100);
      const framesBefore = live.frames.length;
      await eventually(() => live.frames.length > framesBefore, {
        deadlineMs: 20_000,
        what: `a live frame after the end of ${name}`,
      });
      const run = await eventually(
        async () => {
          const now = await runOf(id);
          return now.state === 'SUCCEEDED' || now.state === 'FAILED' ? now : undefined;
        },
        { deadlineMs: 60_000, intervalMs: 250, what: `the batch run over the end of ${name}` },
      );
      expect([name, run.state, run.error]).toEqual([name, 'SUCCEEDED', null]);
      expect(run.recordsRead).toBe(run.recordsTotal);
    }

    await trickling;
    await producer.stop();
    const read = await readAll(system.bootstrapServers, 'ledger', 60_000);
    // A second client, where there is one, must see the same.
    const readings = [{ client: 'kafkajs', records: read }];
    if (externalTool('kcat') !== undefined) {
      const records = await readAllByKcat(system.bootstrapServers, 'ledger');
      readings.push({ client: 'kcat', records });
    }
    const verdict = auditLedger(producer.ledger, readings);
    expect(verdict.contradictions).toEqual([]);
    expect(verdict.acknowledged).toBeGreaterThan(500);

    // At least once: an alert may come twice after a crash, none may be missing.
    const wanted = new Set(strong.map(({ id }) => id));
    await eventually(
      async () => {
        const alerts = await readAll(system.bootstrapServers, 'earthquake-alerts');
        const ids = new Set(alerts.map(({ value }) => idOf(value!)));
        return [...wanted].every((id) => ids.has(id));
      },
      { deadlineMs: 60_000, intervalMs: 1000, what: 'every alert' },
    );
  });
});

function idOf(value: string): string {
  return (JSON.parse(value) as { id: string }).id;
}
