import { eventually, type OwnPipelines, ownPipelines } from '@penstock/testing';
import {
  produce,
  readAll,
  startWorkerHarness,
  type WorkerHarness,
} from '@penstock/testing/worker-harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// Pipelines whose code does what code should not do, beside one that works.

const PIPELINES = `
import { pipeline } from '@penstock/pipelines';
export * from '@penstock/samples';

const schema = (value) => value;
const kept = [];
const options = { commitEvery: '100ms', handlerTimeout: '2s' };
const twice = { ...options, retry: { attempts: 2, backoffMs: 10 } };

export const pipelines = [
  pipeline('steady', options)
    .from('steady-in', { schema })
    .byRecordKey()
    .aggregate({ init: () => 0, add: (count) => count + 1, result: (key, count) => ({ count }) })
    .to('steady-out'),
  pipeline('looping', twice)
    .from('looping-in', { schema })
    .map('score', (value) => { for (; value.id === 'for ever';); return value; })
    .byRecordKey()
    .aggregate({ init: () => 0, add: (count) => count + 1, result: (key, count) => ({ count }) })
    .to('looping-out'),
  pipeline('awaiting', twice)
    .from('awaiting-in', { schema })
    .mapAsync('look up', async (value) => {
      await null;
      for (; value.id === 'for ever';);
      return value;
    })
    .to('awaiting-out'),
  pipeline('leaking', options)
    .from('leaking-in', { schema })
    .map('collect', (value) => { kept.push(new Array(100_000).fill(value.id)); return value; })
    .to('leaking-out'),
  pipeline('careless', twice)
    .from('careless-in', { schema })
    .map((value) => {
      if (value.id === 'later') setTimeout(() => { throw new Error('thrown later'); });
      if (value.id === 'rejected') void Promise.reject(new Error('nobody waits'));
      return value;
    })
    .to('careless-out'),
];
`;

const MEMORY_MB = 64;

let own: OwnPipelines;
let harness: WorkerHarness;
let steady = 0;

beforeAll(async () => {
  own = await ownPipelines(PIPELINES);
  harness = await startWorkerHarness({
    redis: false,
    command: own.command,
    env: { PENSTOCK_PIPELINES_MEMORY_MB: String(MEMORY_MB) },
  });
  await harness.penstock.start('worker');
});

afterAll(async () => {
  await harness?.[Symbol.asyncDispose]();
  await own?.[Symbol.asyncDispose]();
});

function view(pipeline: string) {
  return harness.processors.find(pipeline);
}

async function messages(subject: string): Promise<string[]> {
  const { nodes } = await harness.events.list({ subject, first: 200 });
  return nodes.map(({ message }) => message).reverse();
}

/** The newest count of each key. */
async function counts(topic: string): Promise<Map<string, number>> {
  const records = await readAll(harness.kafka, topic);
  return new Map(
    records.map(({ key, value }) => [key, (JSON.parse(value) as { count: number }).count]),
  );
}

/** Records through the pipeline that works: it keeps up, and counts each of them once. */
async function steadyGoesOn(): Promise<void> {
  steady += 20;
  const values = Array.from({ length: 20 }, () => ({ id: 'steady' }));
  await produce(harness.kafka, 'steady-in', values);
  await eventually(async () => (await counts('steady-out')).get('steady') === steady, {
    deadlineMs: 300_000,
    what: `${steady} steady records counted`,
  });
}

async function send(topic: string, ...ids: string[]): Promise<void> {
  await produce(
    harness.kafka,
    topic,
    ids.map((id) => ({ id })),
  );
}

/** Its event says so for good; its state may say so for half a second. */
function failed(pipeline: string, reason: RegExp) {
  return eventually(
    async () => {
      const said = await messages(pipeline);
      return said.some((message) => message.includes('failed') && reason.test(message));
    },
    { deadlineMs: 300_000, intervalMs: 50, what: `${pipeline} failed for ${reason}` },
  );
}

async function processed(topic: string, ids: string[]): Promise<void> {
  await eventually(
    async () => {
      const keys = (await readAll(harness.kafka, topic)).map(({ key }) => key);
      return ids.every((id) => keys.includes(id));
    },
    { deadlineMs: 300_000, intervalMs: 100, what: `${ids.join()} in ${topic}` },
  );
}

describe('user code that does what it should not', () => {
  it('is cut off when it does not come back; the record becomes a dead letter after its tries', async () => {
    await steadyGoesOn();
    await send('looping-in', 'a', 'a', 'for ever', 'a');
    const words = /map "score" has not come back for 2 s at looping-in\/0 offset 2/;
    await failed('looping', words);
    await steadyGoesOn();
    await eventually(async () => (await counts('looping-out')).get('a') === 3, {
      deadlineMs: 300_000,
      what: 'what lies behind the record',
    });
    await steadyGoesOn();
    const letters = await readAll(harness.kafka, 'looping.dlt');
    expect(letters.map(({ key }) => key)).toEqual(['for ever']);
    expect(letters[0]!.headers).toMatchObject({
      'penstock.errors.stage': 'map score',
      'penstock.errors.message': expect.stringMatching(words) as string,
      'penstock.errors.attempt': '2',
      'penstock.errors.offset': '2',
    });
    const said = await eventually(
      async () => {
        const all = await messages('looping');
        return all.some((message) => message.includes('gave up on 1 record')) && all;
      },
      { deadlineMs: 10_000, what: 'the event of the dead letter' },
    );
    expect(
      said.filter((message) => /failed.* 2 s at looping-in\/0 offset 2/.test(message)),
    ).toHaveLength(2);
  }, 900_000);

  it('is cut off behind an await as well, where no call is under way', async () => {
    await send('awaiting-in', 'before', 'for ever', 'behind');
    const words = /mapAsync "look up" has not come back for 2 s at awaiting-in\/0 offset 1/;
    await failed('awaiting', words);
    await steadyGoesOn();
    await processed('awaiting-out', ['before', 'behind']);
    const letters = await readAll(harness.kafka, 'awaiting.dlt');
    expect(letters.map(({ key }) => key)).toEqual(['for ever']);
  }, 900_000);

  it('is found when it uses up the memory that it shares, and runs apart from the others', async () => {
    const ids = Array.from({ length: 150 }, (_, index) => `leak-${index}`);
    await send('leaking-in', ...ids);
    await failed('leaking', new RegExp(`took more than ${MEMORY_MB} MB of memory`));
    await steadyGoesOn();
    await processed('leaking-out', ids);
    for (const innocent of ['steady', 'careless']) {
      expect((await messages(innocent)).filter((words) => words.includes('failed'))).toEqual([]);
    }
  }, 900_000);

  it.each([
    ['thrown later', 'later', /an error that nothing caught: thrown later/],
    ['rejected and not waited for', 'rejected', /nothing waited for was rejected: nobody waits/],
  ])(
    'is named for an error that was %s, which ends no worker',
    async (_how, id, words) => {
      const { workers } = await harness.database.worker
        .findMany()
        .then((rows) => ({ workers: rows.map((row) => row.id) }));
      await send('careless-in', id, `behind ${id}`);
      await failed('careless', words);
      await steadyGoesOn();
      await processed('careless-out', [`behind ${id}`]);
      // The topic has several partitions, and what is behind a dead letter may be stored before it.
      const letter = await eventually(
        async () => (await readAll(harness.kafka, 'careless.dlt')).find(({ key }) => key === id),
        { deadlineMs: 300_000, what: `a dead letter of ${id}` },
      );
      expect(letter.headers['penstock.errors.message']).toMatch(words);
      expect(letter.headers['penstock.errors.stage']).toBe('map map');
      expect((await harness.database.worker.findMany()).map((row) => row.id)).toEqual(workers);
    },
    400_000,
  );

  it('takes nothing from the pipeline that works, and none of its failures is its own', async () => {
    await steadyGoesOn();
    const said = await messages('steady');
    expect(said.filter((message) => message.includes('failed'))).toEqual([]);
    expect(await view('steady')).toMatchObject({ state: 'running', deadLettered: 0 });
    // No group waited for a member of a thread that had ended.
    expect(harness.penstock.logs('broker')).not.toContain('session timed out');
    expect(await harness.penstock.stop('worker')).toEqual({ code: 0, signal: null });
  }, 600_000);
});
