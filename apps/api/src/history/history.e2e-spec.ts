import { eventually, GraphqlClient, type Penstock, startPenstock } from '@penstock/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Series {
  readonly subject: string;
  readonly metric: string;
  readonly at: readonly number[];
  readonly value: readonly (number | null)[];
}

let penstock: Penstock;
let client: GraphqlClient;

beforeAll(async () => {
  penstock = await startPenstock({ processes: ['broker', 'api'] });
  client = new GraphqlClient(penstock.baseUrl);
});

afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await penstock?.[Symbol.asyncDispose]();
});

const QUERY = `query ($input: HistoryInput!) { history(input: $input) {
  tierSeconds series { subject metric at value } } }`;

async function history(input: Record<string, unknown>) {
  const { history: answer } = await client.query<{
    history: { tierSeconds: number; series: Series[] };
  }>(QUERY, { input });
  return answer;
}

const total = { kind: 'TOTAL', subject: '*', metric: 'IN' };
const hourMs = 3_600_000;

describe('history', () => {
  test('has the records that arrived, and nothing where nothing was measured', async () => {
    const from = Date.now() - 60_000;
    // A rate takes two looks at the cluster: what came before the first is not counted.
    await eventually(async () => {
      const { series } = await history({ series: [total], from });
      return series[0]!.value.some((value) => value !== null);
    });
    const lines = Array.from({ length: 50 }, (_, index) => index).join('\n');
    await fetch(`${penstock.baseUrl}/ingest/measured`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines,
    });
    const topic = { kind: 'TOPIC', subject: 'measured', metric: 'IN' };
    const never = { kind: 'TOPIC', subject: 'no-such-topic', metric: 'IN' };
    const { tierSeconds, series } = await eventually(async () => {
      const answer = await history({ series: [never, topic, total], from });
      return answer.series[2]!.value.some((value) => value !== null && value > 0) && answer;
    });
    expect(tierSeconds).toBe(1);
    expect(series.map(({ subject }) => subject)).toEqual(['no-such-topic', 'measured', '*']);
    expect(series[0]!.value.every((value) => value === null)).toBe(true);
    // The process is younger than the range: it measured nothing at its beginning.
    expect(series[2]!.value[0]).toBeNull();
    const [, peakOfTopic, peakOfAll] = series.map(({ value }) =>
      Math.max(...value.map((rate) => rate ?? 0)),
    );
    expect(peakOfTopic).toBe(peakOfAll);
  });

  test('gives columns of one length, in even steps, of at most as many points as were asked for', async () => {
    for (const [rangeMs, maxPoints] of [
      [60_000, 900],
      [hourMs, 2_000],
      [hourMs, 7],
      [30 * 24 * hourMs, 900],
      [30 * 24 * hourMs, 2],
    ] as const) {
      const to = Date.now();
      const { tierSeconds, series } = await history({
        series: [total],
        from: to - rangeMs,
        to,
        maxPoints,
      });
      const [{ at, value }] = series as [Series];
      expect(at).toHaveLength(value.length);
      expect(at.length).toBeLessThanOrEqual(maxPoints);
      const steps = new Set(at.slice(1).map((time, index) => time - at[index]!));
      expect(steps.size).toBeLessThanOrEqual(1);
      for (const step of steps) expect(step % (tierSeconds * 1_000)).toBe(0);
    }
  });

  test('says what is allowed instead of leaving out what is too much', async () => {
    const refusal = async (input: Record<string, unknown>) =>
      (await client.ask(QUERY, { input })).errors[0];
    const series = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ ...total, subject: String(index) }));
    expect((await history({ series: series(50), from: 0 })).series).toHaveLength(50);
    for (const input of [
      { series: series(51), from: 0 },
      { series: [total], from: 0, maxPoints: 2_001 },
      { series: [total], from: 0, maxPoints: 0 },
    ]) {
      const error = await refusal(input);
      expect(error?.extensions?.code).toBe('BAD_USER_INPUT');
      expect(error?.message).toMatch(/allowed .*\b(50|2000)\b/);
    }
  });
});
