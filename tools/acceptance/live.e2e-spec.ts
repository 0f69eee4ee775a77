import { eventually, startSupervised, type Supervised } from '@penstock/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { graphql, LiveFollower } from './graphql.ts';
import { kafkaJs } from './kafka-reader.ts';

const LATENCY_MS_MAX = 1500;
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
