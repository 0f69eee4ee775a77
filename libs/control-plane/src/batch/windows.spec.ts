import { batchJob } from '@penstock/testing/batch-services';
import { BatchWorld } from '@penstock/testing/batch-world';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

// Contiguous windows on a real broker and a real SQLite file, by two schedulers.

let world: BatchWorld;

beforeAll(async () => {
  world = await BatchWorld.start();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(() => world.begin());

describe('the contiguous windows of a job', () => {
  it('begin at the log start and follow each other up to the log end at the tick', async () => {
    await world.append(0, 5);
    await world.append(1, 3);
    await world.deleteRecords(1, 1);
    expect(await world.services.ticks.tick(world.minute(1))).toBe(1);
    // What comes after the tick is in the next window, however late a worker begins.
    await world.append(0, 4);
    await world.settle();
    expect(await world.shortly()).toEqual(['p0 0-5 first', 'p1 1-3 first']);
    expect(await world.services.ticks.tick(world.minute(2))).toBe(1);
    await world.settle();
    expect((await world.shortly()).slice(2)).toEqual(['p0 5-9 next']);
    expect(await world.services.claims.faults('report')).toEqual([]);
  });

  it('may be empty: the run succeeds and claims nothing', async () => {
    expect(await world.services.ticks.tick(world.minute(1))).toBe(1);
    await world.settle();
    expect(await world.newest()).toMatchObject({ state: 'succeeded', recordsTotal: 0 });
    expect(await world.windows()).toEqual([]);
    await world.append(0, 2);
    await world.services.ticks.tick(world.minute(2));
    expect(await world.shortly()).toEqual(['p0 0-2 next']);
  });

  it('are not claimed while the pipeline runs as a stream processor, but read besides', async () => {
    const { pipelines, runs } = world.services;
    const stream = { mode: 'either' as const, groupId: 'report' };
    await pipelines.register([batchJob({ ...stream, sources: [world.topic] })]);
    const message = expect.stringContaining('runs as a stream processor now') as string;
    expect(await runs.start({ job: 'report' })).toEqual({ kind: 'wrong-state', message });
    expect(await runs.start({ job: 'report', from: 0, to: 1 })).toMatchObject({ kind: 'run' });
    expect(await world.windows()).toEqual([]);
  });

  it('take in partitions that the topic gets later', async () => {
    await world.append(0, 2);
    await world.services.ticks.tick(world.minute(1));
    await world.settle();
    await world.grow(3);
    await world.append(2, 6);
    await world.services.ticks.tick(world.minute(2));
    expect((await world.shortly()).slice(1)).toEqual(['p2 0-6 grown']);
    const { nodes } = await world.services.events.list({ subject: (await world.newest()).id });
    expect(nodes.map(({ message }) => message).join()).toContain(
      `${world.topic} has 1 new partitions`,
    );
  });

  it('begin anew when the topic was deleted and made anew, and say so', async () => {
    await world.append(0, 4);
    await world.services.ticks.tick(world.minute(1));
    await world.settle();
    await world.recreate();
    await world.append(0, 2);
    await world.services.ticks.tick(world.minute(2));
    await world.settle();
    expect(await world.shortly()).toEqual(['p0 0-4 first', 'p0 0-2 recreated']);
    const { nodes } = await world.services.events.list({ subject: (await world.newest()).id });
    const words = nodes.map(({ message }) => message).join();
    expect(words).toContain(`${world.topic} was deleted and made anew`);
    const grid = await world.services.grid.grid('report', 10);
    expect(grid).toMatchObject({ totalCount: 2, faults: [] });
    await world.services.ticks.tick(world.minute(3));
    await world.append(0, 1);
    await world.settle();
    await world.services.ticks.tick(world.minute(4));
    expect((await world.shortly()).at(-1)).toBe('p0 2-3 next');
  });

  it('keep what retention removed before it was read, so that it is not forgotten', async () => {
    await world.append(0, 5);
    await world.services.ticks.tick(world.minute(1));
    await world.settle();
    await world.append(0, 5);
    await world.deleteRecords(0, 8);
    await world.services.ticks.tick(world.minute(2));
    expect((await world.shortly()).at(-1)).toBe('p0 5-10 next');
  });

  it('are refused when they leave out, repeat or hold nothing, whoever inserts them', async () => {
    const database = world.databases[1]!;
    await world.append(0, 5);
    await world.services.ticks.tick(world.minute(1));
    const [row] = await database.batchWindow.findMany();
    const insert = (startOffset: bigint, endOffset: bigint) =>
      database.batchWindow.create({ data: { ...row!, startOffset, endOffset } });
    for (const [start, end] of [
      [0n, 5n],
      [3n, 9n],
      [6n, 9n],
      [5n, 5n],
    ] as const) {
      await expect(insert(start, end), `${start} to ${end}`).rejects.toThrow();
    }
    await expect(database.batchRun.deleteMany()).rejects.toThrow();
  });

  it('are found at fault when a row is lost, moved, or was not read', async () => {
    const database = world.databases[1]!;
    for (let tick = 1; tick <= 4; tick++) {
      await world.append(0, 10);
      await world.services.ticks.tick(world.minute(tick));
      await world.settle();
    }
    const [first, second, third, fourth] = (await world.services.runs.list({ job: 'report' })).nodes
      .toReversed()
      .map(({ id }) => id);
    expect(await world.services.claims.faults('report')).toEqual([]);
    const at = { job: 'report', topic: world.topic, partition: 0 };
    await database.batchWindow.updateMany({
      where: { ...at, runId: first! },
      data: { endOffset: 13n },
    });
    await database.batchWindow.deleteMany({ where: { ...at, runId: third! } });
    await database.batchStep.updateMany({ where: { runId: fourth! }, data: { nextOffset: 35n } });
    const faults = await world.services.claims.faults('report');
    expect(faults).toMatchObject([
      { kind: 'unread', startOffset: 0, endOffset: 13, runId: first },
      { kind: 'overlap', startOffset: 10, endOffset: 13, runId: second },
      { kind: 'gap', startOffset: 20, endOffset: 30, runId: fourth },
      { kind: 'unread', startOffset: 35, endOffset: 40, runId: fourth },
    ]);
    const { faults: shown } = await world.services.grid.grid('report', 3);
    expect(shown.map(({ kind }) => kind)).toEqual(['gap', 'unread']);
  });

  it('belong to one run when several schedulers find the same tick due', async () => {
    for (let tick = 1; tick <= 10; tick++) {
      await world.append(0, 1);
      const made = await Promise.all(
        world.schedulers.map(({ ticks }) => ticks.tick(world.minute(tick))),
      );
      expect(
        made.reduce((sum, count) => sum + count, 0),
        `tick ${tick}`,
      ).toBe(1);
      await world.settle();
    }
    expect((await world.windows()).map(({ window }) => window)).toEqual(
      Array.from({ length: 10 }, (_, index) => [index, index + 1]),
    );
    expect(await world.services.states.skippedCount('report')).toBe(0);
  });

  it('are not claimed while the topic does not exist: the run fails and blocks nothing', async () => {
    const missing = batchJob({ schedule: '* * * * *', timeZone: 'UTC', sources: ['nowhere'] });
    await world.services.pipelines.register([missing]);
    await world.services.ticks.tick(world.minute(1));
    expect(await world.newest()).toMatchObject({
      state: 'failed',
      error: 'the source topic nowhere does not exist',
    });
    expect((await world.services.jobs.find('report'))?.blockedBy).toBeNull();
    await world.choose({});
    expect(await world.services.ticks.tick(world.minute(2))).toBe(1);
  });
});
