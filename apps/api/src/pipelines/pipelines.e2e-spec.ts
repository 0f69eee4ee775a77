import { eventually, GraphqlClient, type Penstock, startPenstock } from '@penstock/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Processor {
  readonly desired: string;
  readonly state: string;
  readonly consumed: number;
  readonly produced: number;
  readonly deadLettered: number;
  readonly lag: number | null;
  readonly instances: { partitions: number; consumed: number }[];
}

let penstock: Penstock;
let client: GraphqlClient;

beforeAll(async () => {
  penstock = await startPenstock();
  client = new GraphqlClient(penstock.baseUrl);
});

afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await penstock?.[Symbol.asyncDispose]();
});

const FIELDS = 'desired state consumed produced deadLettered lag instances { partitions consumed }';

async function processor(): Promise<Processor> {
  const { pipeline } = await client.query<{ pipeline: { processor: Processor } }>(
    `{ pipeline(name: "earthquake-alerts") { processor { ${FIELDS} } } }`,
  );
  return pipeline.processor;
}

async function tell(mutation: 'pauseProcessor' | 'resumeProcessor', pipeline: string) {
  const data = await client.query<Record<string, { __typename: string; code?: string }>>(
    `mutation ($pipeline: String!) { told: ${mutation}(pipeline: $pipeline) {
      __typename ... on Problem { code message } } }`,
    { pipeline },
  );
  return data['told'];
}

/** One that is strong enough for an alert, one that is not, and one that is none. */
async function send(): Promise<void> {
  const earthquake = (magnitude: number) =>
    JSON.stringify({
      id: `e${magnitude}`,
      properties: { mag: magnitude, place: 'here', time: 0, url: 'http://localhost', tsunami: 0 },
      geometry: { coordinates: [0, 0, 1] },
    });
  const body = [earthquake(6), earthquake(1), '{"no":"earthquake"}'].join('\n');
  const headers = { 'content-type': 'application/x-ndjson' };
  await fetch(`${penstock.baseUrl}/ingest/earthquakes`, { method: 'POST', headers, body });
}

describe('pipelines', () => {
  test('are listed as their authors defined them', async () => {
    const pipelines = await eventually(async () => {
      const { pipelines: found } = await client.query<{
        pipelines: { name: string; mode: string; sources: string[]; batchJob: unknown }[];
      }>('{ pipelines { name mode sources batchJob { name } } }');
      return found.length >= 2 && found;
    });
    expect(pipelines).toContainEqual(
      expect.objectContaining({
        name: 'earthquake-alerts',
        mode: 'STREAM',
        sources: ['earthquakes'],
        batchJob: null,
      }),
    );
    const unknown = await client.query('{ pipeline(name: "no-such-pipeline") { name } }');
    expect(unknown).toEqual({ pipeline: null });
  });

  test('pause without losing a record, and go on where they were paused', async () => {
    await send();
    await eventually(async () => (await processor()).consumed === 3);
    expect(await tell('pauseProcessor', 'earthquake-alerts')).toEqual({ __typename: 'Processor' });
    await eventually(async () => (await processor()).state === 'PAUSED');
    await send();
    const waiting = await eventually(async () => {
      const now = await processor();
      return now.lag === 3 && now;
    });
    expect(waiting).toMatchObject({ desired: 'PAUSED', consumed: 3 });
    await tell('resumeProcessor', 'earthquake-alerts');
    await eventually(async () => {
      const now = await processor();
      return now.consumed === 6 && now.lag === 0 && now.state === 'RUNNING';
    });
    const { consumed, instances } = await processor();
    expect(instances.reduce((sum, instance) => sum + instance.consumed, 0)).toBe(consumed);
  });

  test('say why one cannot be paused', async () => {
    expect(await tell('pauseProcessor', 'no-such-pipeline')).toMatchObject({
      __typename: 'PipelineNotFound',
      code: 'PIPELINE_NOT_FOUND',
    });
    expect(await tell('pauseProcessor', 'earthquake-daily-report')).toMatchObject({
      __typename: 'WrongState',
      code: 'WRONG_STATE',
    });
  });
});
