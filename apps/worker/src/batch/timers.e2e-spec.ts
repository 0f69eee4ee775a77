import { eventually, ownPipelines } from '@penstock/testing';
import {
  produce,
  readAll,
  startWorkerHarness,
  type WorkerHarness,
} from '@penstock/testing/worker-harness';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';

const PIPELINES = `
import { pipeline } from '@penstock/pipelines';
export * from '@penstock/samples';

export const pipelines = [
  pipeline('posts', { schedule: { cron: '0 0 1 1 *' } })
    .from('drafts', { schema: (value) => value })
    .byRecordKey()
    .process({
      state: () => null,
      onRecord: ({ text, publishAt }, context) => context.schedule(publishAt, text),
      onTimer: (text, context) => context.emit({ text, at: context.eventTime }),
    })
    .to('published'),
];
`;

let own: Awaited<ReturnType<typeof ownPipelines>>;
let harness: WorkerHarness;

beforeAll(async () => {
  own = await ownPipelines(PIPELINES);
  harness = await startWorkerHarness({ command: own.command });
  await harness.penstock.start('worker');
});

afterAll(async () => {
  await harness?.[Symbol.asyncDispose]();
  await own?.[Symbol.asyncDispose]();
});

it('a timer of a batch job makes a run when it is due, whatever became of Redis and the worker', async () => {
  const { kafka, penstock, runs } = harness;
  const publishAt = Date.now() + 12_000;
  const draft = { id: 'a', text: 'now is the time', publishAt };
  await produce(kafka, 'drafts', [
    draft,
    { ...draft, id: 'b', publishAt: publishAt + 365 * 864e5 },
  ]);
  const id = await harness.startRun('posts');
  await harness.run(id, ({ state }) => state === 'succeeded', 'the run that read the drafts');
  await penstock.killHard('worker');
  const redis = new Redis(penstock.redis!.url);
  await redis.flushall();
  redis.disconnect();
  await penstock.start('worker');

  const [published] = await eventually(
    async () => {
      const found = await readAll(kafka, 'published').catch(() => []);
      return found.length > 0 && found;
    },
    { deadlineMs: 60_000, what: 'a post that was published' },
  );
  expect(JSON.parse(published!.value)).toEqual({ text: draft.text, at: publishAt });
  const made = await eventually(async () => {
    const { nodes } = await runs.list({ job: 'posts', first: 10 });
    return nodes.every(({ state }) => state === 'succeeded') && nodes;
  });
  expect(made.map(({ trigger }) => trigger).sort()).toEqual(['hand', 'timer']);
  expect(Math.max(...made.map(({ createdAt }) => createdAt))).toBeGreaterThan(publishAt);
});
