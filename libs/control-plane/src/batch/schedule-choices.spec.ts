import { dirname } from 'node:path';
import { loadConfig } from '@penstock/platform';
import { batchServices } from '@penstock/testing/batch-services';
import { BatchWorld } from '@penstock/testing/batch-world';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { machineMs } from '../clock/index.ts';
import type { StepTicket } from './batch-tickets.ts';

let world: BatchWorld;

beforeAll(async () => {
  world = await BatchWorld.start();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(() => world.begin());

describe('a schedule after downtime', () => {
  beforeEach(async () => {
    await world.append(0, 1, world.minute(1) - 1_000);
    await world.append(0, 1, world.minute(2) - 1_000);
    await world.append(0, 1, world.minute(3) - 1_000);
  });

  it('makes one run for all missed due times, by default', async () => {
    await world.services.ticks.tick(world.minute(3));
    expect(await world.newest()).toMatchObject({ trigger: 'catch-up', ticks: 3 });
    expect(await world.shortly()).toEqual(['p0 0-3 first']);
  });

  it('makes a run each, with what the log held then, in order', async () => {
    await world.choose({ catchUp: 'each', overlap: 'queue' });
    expect(await world.services.ticks.tick(world.minute(3))).toBe(3);
    expect((await world.windows()).map(({ window }) => window)).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    const { nodes } = await world.services.runs.list({ job: 'report' });
    expect(nodes.map(({ trigger }) => trigger)).toEqual(['schedule', 'catch-up', 'catch-up']);
    // One after the other: only the oldest has a ticket, and the others say what they wait for.
    const tickets = await world.services.ledger.due(machineMs());
    expect(tickets.map(({ runId }) => runId)).toEqual([nodes.at(-1)?.id]);
    expect(nodes[0]?.waitingFor).toContain(nodes.at(-1)?.id);
    await world.settle();
    expect((await world.windows()).every(({ state }) => state === 'succeeded')).toBe(true);
  });

  it('makes none before a run by hand that was asked for earlier has claimed its window', async () => {
    await world.choose({ catchUp: 'each', overlap: 'queue' });
    await world.services.runs.start({ job: 'report' });
    expect(await world.services.ticks.tick(world.minute(2))).toBe(0);
    await world.settle();
    expect(await world.services.ticks.tick(world.minute(3))).toBe(3);
    await world.settle();
    const { nodes } = await world.services.runs.list({ job: 'report' });
    expect(nodes.at(-1)).toMatchObject({ trigger: 'hand', recordsTotal: 3 });
    expect((await world.windows()).map(({ window }) => window)).toEqual([[0, 3]]);
  });

  it('makes a run for the latest only, and keeps the others as skipped', async () => {
    await world.choose({ catchUp: 'latest' });
    await world.services.ticks.tick(world.minute(3));
    expect(await world.newest()).toMatchObject({ trigger: 'schedule', ticks: 1 });
    expect(await world.services.states.skipped('report', 5)).toMatchObject([
      { ticks: 2, reason: 'catch-up', dueAt: world.minute(2) },
    ]);
    expect(await world.shortly()).toEqual(['p0 0-3 first']);
  });
});

describe('a due time while a run has not ended', () => {
  it('is passed over, and its records are in the next window', async () => {
    await world.append(0, 1);
    await world.services.ticks.tick(world.minute(1));
    await world.append(0, 1);
    expect(await world.services.ticks.tick(world.minute(2))).toBe(0);
    expect(await world.services.states.skipped('report', 5)).toMatchObject([
      { ticks: 1, reason: 'overlap', dueAt: world.minute(2) },
    ]);
    await world.settle();
    expect(await world.services.ticks.tick(world.minute(2) + 1)).toBe(0);
    expect(await world.services.ticks.tick(world.minute(3))).toBe(1);
    expect(await world.shortly()).toEqual(['p0 0-1 first', 'p0 1-2 next']);
  });

  it('waits for its end when it is to queue', async () => {
    await world.choose({ overlap: 'queue' });
    await world.append(0, 1);
    await world.services.ticks.tick(world.minute(1));
    await world.append(0, 1);
    expect(await world.services.ticks.tick(world.minute(2))).toBe(0);
    await world.settle();
    expect(await world.services.ticks.tick(world.minute(2) + 1)).toBe(1);
    expect(await world.newest()).toMatchObject({
      trigger: 'schedule',
      scheduledFor: world.minute(2),
    });
  });
});

describe('a run that failed', () => {
  beforeEach(async () => {
    await world.append(0, 10);
    await world.services.ticks.tick(world.minute(1));
    await workAll('fail');
  });

  async function workAll(how: 'done' | 'fail'): Promise<void> {
    for (let round = 0; round < 3; round++) {
      for (const ticket of await world.services.ledger.due(machineMs())) {
        await world.work(ticket, how);
      }
    }
  }

  it('blocks later due times, which coalesce behind it, until it is retried', async () => {
    const failed = await world.newest();
    expect(failed).toMatchObject({ state: 'failed', error: 'it fails', attempt: 1 });
    await world.append(0, 2);
    expect(await world.services.ticks.tick(world.minute(2))).toBe(0);
    expect(await world.services.ticks.tick(world.minute(3))).toBe(0);
    expect(await world.services.jobs.find('report')).toMatchObject({
      state: 'blocked',
      blockedBy: failed.id,
    });
    expect(await world.services.runs.start({ job: 'report' })).toMatchObject({
      kind: 'wrong-state',
    });
    expect((await world.services.decisions.retry(failed.id)).kind).toBe('run');
    const tickets = await world.services.ledger.due(machineMs());
    await world.work(tickets[0]!);
    const [step] = await world.services.ledger.due(machineMs());
    expect(await world.services.ledger.steps.claim(step as StepTicket)).toMatchObject({
      parts: [{ nextOffset: 5 }],
    });
    await world.settle();
    expect(await world.services.runs.find(failed.id)).toMatchObject({
      state: 'succeeded',
      attempt: 2,
    });
    expect(await world.services.ticks.tick(world.minute(3) + 1)).toBe(1);
    expect(await world.newest()).toMatchObject({ trigger: 'catch-up', ticks: 2 });
    expect(await world.shortly()).toEqual(['p0 0-10 first', 'p0 10-12 next']);
  });

  it('keeps its window while later runs go on after it, when it is to continue', async () => {
    await world.choose({ onFailure: 'continue' });
    const failed = await world.newest();
    await world.append(0, 2);
    expect(await world.services.ticks.tick(world.minute(2))).toBe(1);
    await world.settle();
    expect((await world.windows()).map(({ state }) => state)).toEqual(['failed', 'succeeded']);
    expect((await world.services.decisions.retry(failed.id)).kind).toBe('run');
    await world.settle();
    expect((await world.windows()).map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
  });

  it('starts over under a new generation when it is restarted', async () => {
    const failed = await world.newest();
    expect((await world.services.decisions.restart(failed.id)).kind).toBe('run');
    expect(await world.newest()).toMatchObject({ generation: 2, recordsRead: 0, state: 'waiting' });
    expect((await world.services.runs.steps(failed.id))[0]).toMatchObject({ nextOffset: 0 });
    await world.settle();
    expect(await world.newest()).toMatchObject({ state: 'succeeded', recordsRead: 10 });
    // A run that succeeded can be restarted, not retried.
    expect(await world.services.decisions.retry(failed.id)).toMatchObject({ kind: 'wrong-state' });
    expect((await world.services.decisions.restart(failed.id)).kind).toBe('run');
    expect(await world.services.decisions.restart(failed.id)).toMatchObject({
      kind: 'wrong-state',
    });
    expect(await world.services.claims.faults('report')).toEqual([]);
  });

  it('is retried without the records that somebody decided to leave out', async () => {
    const failed = await world.newest();
    const skip = (offset: number) => [{ topic: world.topic, partition: 0, offset }];
    expect(await world.services.decisions.retry(failed.id, skip(10))).toMatchObject({
      message: expect.stringContaining('is not in the window') as string,
    });
    await world.services.decisions.retry(failed.id, skip(7));
    await world.work((await world.services.ledger.due(machineMs()))[0]!);
    const [step] = await world.services.ledger.due(machineMs());
    expect(await world.services.ledger.steps.claim(step as StepTicket)).toMatchObject({
      parts: [{ skips: [7] }],
    });
    expect(await world.services.decisions.skips(failed.id)).toMatchObject(skip(7));
  });

  it('starts over when a record is to be left out that it has read already', async () => {
    const failed = await world.newest();
    const skip = [{ topic: world.topic, partition: 0, offset: 3 }];
    expect(await world.services.decisions.retry(failed.id, skip)).toMatchObject({
      run: { generation: 2, recordsRead: 0 },
    });
    expect((await world.services.runs.steps(failed.id))[0]).toMatchObject({ nextOffset: 0 });
    await world.settle();
    expect(await world.newest()).toMatchObject({ state: 'succeeded', recordsRead: 10 });
  });
});

describe('a due time while the brokers cannot be asked', () => {
  it('stays owed and says why, and gets its run when they can', async () => {
    const [database] = world.databases;
    const nowhere = loadConfig({
      PENSTOCK_DATA_DIR: dirname(database!.file),
      KAFKA_BOOTSTRAP_SERVERS: '[::1]:1',
    });
    const cutOff = batchServices(database!, nowhere);
    await world.append(0, 1);
    expect(await cutOff.ticks.tick(world.minute(1))).toBe(0);
    expect((await world.services.jobs.find('report'))?.problem).toContain('::1');
    expect(await world.services.ticks.tick(world.minute(2))).toBe(1);
    expect((await world.services.jobs.find('report'))?.problem).toBeNull();
    expect(await world.newest()).toMatchObject({ trigger: 'catch-up', ticks: 2 });
    cutOff.logs.onModuleDestroy();
  });
});

describe('a paused schedule', () => {
  it('passes its due times over, visibly, and goes on with the next after it is resumed', async () => {
    await world.append(0, 1);
    await world.services.jobs.setPaused('report', true);
    await world.services.ticks.tick(world.minute(2));
    expect(await world.services.jobs.find('report')).toMatchObject({
      state: 'paused',
      paused: true,
    });
    expect(await world.services.states.skipped('report', 5)).toMatchObject([
      { ticks: 2, reason: 'paused' },
    ]);
    await world.services.jobs.setPaused('report', false);
    expect(await world.services.ticks.tick(world.minute(2) + 1)).toBe(0);
    expect(await world.services.ticks.tick(world.minute(3))).toBe(1);
    expect(await world.shortly()).toEqual(['p0 0-1 first']);
  });
});

describe('a run by hand', () => {
  it('takes the next window, and the schedule goes on after it', async () => {
    await world.append(0, 3);
    await world.services.runs.start({ job: 'report' });
    await world.settle();
    await world.append(0, 1);
    await world.services.ticks.tick(world.minute(1));
    await world.settle();
    expect(await world.shortly()).toEqual(['p0 0-3 first', 'p0 3-4 next']);
  });

  it('over times, offsets or the whole log is detached and claims nothing', async () => {
    const offsets = [{ topic: world.topic, partition: 0, startOffset: 0, endOffset: 1 }];
    for (const asked of [{ from: 5 }, { offsets }, { window: 'all' as const }]) {
      const outcome = await world.services.runs.start({ job: 'report', ...asked });
      expect(outcome).toMatchObject({ kind: 'run', run: { detached: true } });
    }
    expect(await world.services.line.length('report')).toBe(0);
  });

  it.each([
    [{ offsets: [] }, 'offsets', /at least one/],
    [{ offsets: [{ topic: 'x', partition: 0, startOffset: 0, endOffset: 1 }] }, 'offsets', /reads/],
    [
      { offsets: [{ topic: 'x', partition: 0, startOffset: 2, endOffset: 2 }] },
      'offsets',
      /greater/,
    ],
    [{ from: 1, window: 'all' as const }, 'window', /either/],
    [{ params: '[1]' }, 'params', /JSON object/],
    [{ params: '{' }, 'params', /JSON object/],
  ])('is refused when %j is asked for', async (asked, field, message) => {
    const outcome = await world.services.runs.start({ job: 'report', ...asked });
    expect(outcome).toMatchObject({ kind: 'invalid-input', field });
    expect(outcome).toMatchObject({ message: expect.stringMatching(message) as string });
  });
});

describe('a run past its deadline', () => {
  it('is late, once, and so is its job until a run succeeds', async () => {
    await world.choose({ deadlineMs: 30_000 });
    await world.services.ticks.tick(world.minute(1));
    const { id } = await world.newest();
    expect(await world.newest()).toMatchObject({
      deadlineAt: world.minute(1) + 30_000,
      isLate: false,
    });
    for (let look = 1; look <= 2; look++) {
      await world.services.ticks.tick(world.minute(1) + 30_000 + look);
    }
    expect((await world.newest()).isLate).toBe(true);
    const { nodes } = await world.services.events.list({ subject: id });
    expect(nodes.filter(({ kind }) => kind === 'RUN_LATE')).toHaveLength(1);
  });
});
