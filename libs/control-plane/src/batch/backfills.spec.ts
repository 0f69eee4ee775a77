import { BatchWorld } from '@penstock/testing/batch-world';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { machineMs } from '../clock/index.ts';
import type { Backfill } from './backfill-view.ts';
import type { BackfillInput } from './backfills.service.ts';

let world: BatchWorld;

beforeAll(async () => {
  world = await BatchWorld.start();
});

afterAll(() => world[Symbol.asyncDispose]());

/** Three minutes of records, the second without any in partition 1. */
beforeEach(async () => {
  await world.begin();
  await world.append(0, 4, world.minute(0) + 10);
  await world.append(1, 1, world.minute(0) + 20);
  await world.append(0, 2, world.minute(1) + 10);
  await world.append(0, 3, world.minute(2) + 10);
  await world.append(1, 5, world.minute(2) + 20);
});

function asked(input: Partial<BackfillInput> = {}): BackfillInput {
  const range = { from: world.minute(0), to: world.minute(3) };
  return { job: 'report', cut: 'grid', ...range, ...input };
}

async function preview(input: Partial<BackfillInput> = {}): Promise<Backfill> {
  const outcome = await world.services.backfills.preview(asked(input));
  if (outcome.kind !== 'backfill') throw new Error(JSON.stringify(outcome));
  return outcome.backfill;
}

async function runs() {
  const { nodes } = await world.services.runs.list({ job: 'report' });
  return nodes.toReversed();
}

describe('a backfill', () => {
  it('shows what it would do, and does nothing yet', async () => {
    const { backfillRuns, backfills } = world.services;
    const shown = await preview({ concurrency: 2 });
    expect(shown).toMatchObject({ state: 'preview', runs: 3, recordsTotal: 15, active: 0 });
    expect(shown.bytesTotal).toBeGreaterThan(15);
    expect(shown.estimatedMs).toBeNull();
    expect(await backfills.parts(shown.id)).toMatchObject([
      { from: world.minute(0), to: world.minute(1), recordsTotal: 5 },
      { from: world.minute(1), to: world.minute(2), recordsTotal: 2 },
      { from: world.minute(2), to: world.minute(3), recordsTotal: 8 },
    ]);
    expect(await preview({ cut: 'one' })).toMatchObject({ runs: 1, recordsTotal: 15 });
    expect(await backfillRuns.advance()).toBe(0);
    expect(await backfills.list('report', 5)).toEqual([]);
  });

  it('tells how long it takes by the pace of earlier runs', async () => {
    await world.services.runs.start({ job: 'report' });
    await world.settle();
    await world.databases[0]!.batchRun.updateMany({
      data: { startedAt: 1_000n, finishedAt: 2_500n },
    });
    expect(await preview({ concurrency: 1 })).toMatchObject({ estimatedMs: 1_500 });
    expect(await preview({ concurrency: 3 })).toMatchObject({ estimatedMs: 500 });
  });

  it('runs what was shown, so many at a time, and moves no position', async () => {
    const { id } = await preview({ concurrency: 2, params: '{"again":true}' });
    await world.append(0, 100, world.minute(1));
    await world.services.backfills.start(id);
    // Every worker looks after the backfills: still each part has one run.
    const made = await Promise.all(world.schedulers.map((each) => each.backfillRuns.advance()));
    expect(made.reduce((sum, count) => sum + count, 0)).toBe(2);
    expect(await world.services.backfillRuns.advance()).toBe(0);
    await world.settle();
    expect(await world.services.backfillRuns.advance()).toBe(1);
    await world.settle();
    await world.services.backfillRuns.advance();
    expect(await world.services.backfills.find(id)).toMatchObject({
      state: 'done',
      succeeded: 3,
      failed: 0,
    });
    const done = await runs();
    expect(done.map(({ recordsTotal }) => recordsTotal)).toEqual([5, 2, 8]);
    expect(done[0]).toMatchObject({
      trigger: 'backfill',
      detached: false,
      params: '{"again":true}',
      window: { kind: 'offsets', from: world.minute(0), to: world.minute(1) },
    });
    expect(await world.windows()).toEqual([]);
  });

  it('neither holds back the schedule nor is held back by it', async () => {
    const { id } = await preview();
    await world.services.backfills.start(id);
    await world.services.backfillRuns.advance();
    expect(await world.services.ticks.tick(world.minute(4))).toBe(1);
    const tickets = await world.services.ledger.due(machineMs());
    expect(new Set(tickets.map(({ runId }) => runId)).size).toBe(2);
    expect(await world.services.states.skippedCount('report')).toBe(0);
  });

  it('can be paused, resumed and cancelled', async () => {
    const { backfills, backfillRuns } = world.services;
    const { id } = await preview();
    await backfills.start(id);
    await backfillRuns.advance();
    expect(await backfills.setPaused(id, true)).toMatchObject({
      backfill: { state: 'paused', active: 1 },
    });
    await world.settle();
    expect(await backfillRuns.advance()).toBe(0);
    expect(await backfills.setPaused(id, true)).toMatchObject({ kind: 'wrong-state' });
    await backfills.setPaused(id, false);
    expect(await backfillRuns.advance()).toBe(1);
    expect(await backfills.cancel(id)).toMatchObject({ kind: 'backfill' });
    expect((await runs()).map(({ state }) => state)).toEqual(['succeeded', 'cancelled']);
    expect(await backfillRuns.advance()).toBe(0);
    expect(await backfills.setPaused(id, false)).toMatchObject({ kind: 'wrong-state' });
  });

  it('is started from a preview once, within an hour', async () => {
    const { backfills } = world.services;
    const { id } = await preview();
    expect((await backfills.start(id)).kind).toBe('backfill');
    expect(await backfills.start(id)).toMatchObject({ kind: 'wrong-state' });
    expect(await backfills.start('nothing')).toMatchObject({ kind: 'backfill-not-found' });
    const old = await preview();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61 * 60_000 });
    try {
      expect(await backfills.start(old.id)).toMatchObject({
        message: 'the preview is more than an hour old: make another',
      });
    } finally {
      vi.useRealTimers();
    }
  });

  it('fails a run whose records were deleted or replaced since it was shown', async () => {
    const { id } = await preview({ cut: 'one' });
    await world.deleteRecords(0, 2);
    await world.services.backfills.start(id);
    await world.services.backfillRuns.advance();
    const [ticket] = await world.services.ledger.due(machineMs());
    await expect(world.work(ticket!)).rejects.toThrow(/holds the offsets 2 to 9/);
  });

  it.each([
    [{ job: 'nothing' }, { kind: 'pipeline-not-found' }],
    [{ from: 5, to: 5 }, { field: 'to' }],
    [{ concurrency: 0 }, { field: 'concurrency' }],
    [{ concurrency: 9 }, { field: 'concurrency' }],
    [{ params: '[]' }, { field: 'params' }],
    [{ from: 0, to: 86_400_000 }, { field: 'cut' }],
  ])('is refused when %j is asked for', async (input, refused) => {
    expect(await world.services.backfills.preview(asked(input))).toMatchObject(refused);
  });
});
