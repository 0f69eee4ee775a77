import { ControlDatabase, loadConfig } from '@penstock/platform';
import { eventually, temporaryFolder } from '@penstock/testing';
import { migratedFolder } from '@penstock/testing/migrated-folder';
import { batchJob, type BatchServices, batchServices } from '@penstock/testing/batch-services';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { machineMs } from '../clock/index.ts';
import { UNSCHEDULED } from '../pipelines/index.ts';
import { LEASE_MS, type RunTicket, type StepTicket } from './batch-tickets.ts';

const HASH = 'hash-1';
const WINDOW = [
  { topic: 'in', topicId: 'id', partition: 0, startOffset: 10, endOffset: 110 },
  { topic: 'in', topicId: 'id', partition: 1, startOffset: 5, endOffset: 5 },
];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let database: ControlDatabase;
let { ledger, runs, pipelines, workers, ticks, events, creation, results } = {} as BatchServices;

beforeAll(async () => {
  folder = await migratedFolder('control');
  const config = loadConfig({ PENSTOCK_DATA_DIR: folder.path });
  database = await ControlDatabase.open(config);
  ({ ledger, runs, pipelines, workers, ticks, events, creation, results } = batchServices(
    database,
    config,
  ));
});

afterAll(async () => {
  await database.$disconnect();
  await folder[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await database.batchRun.deleteMany();
  await pipelines.register([registration()]);
});

/** One that reads the whole log: no broker runs here. */
function registration(schedule: string | null = null) {
  const choices = { ...UNSCHEDULED, window: 'all' as const, overlap: 'queue' as const };
  return batchJob({ schedule, timeZone: schedule === null ? null : 'UTC', choices });
}

async function startRun(): Promise<string> {
  const outcome = await runs.start({ job: 'report' });
  expect(outcome.kind).toBe('run');
  return outcome.kind === 'run' ? outcome.run.id : '';
}

/** Starts a run, freezes its window, and returns the ticket of its one step with records. */
async function startAndFreeze(): Promise<{ id: string; ticket: StepTicket }> {
  const id = await startRun();
  const [plan] = await ledger.due(machineMs());
  expect(plan).toEqual({ kind: 'plan', runId: id, epoch: 0 });
  expect(await ledger.claimRun(plan as RunTicket)).not.toBeNull();
  expect(await ledger.freeze(plan as RunTicket, WINDOW, HASH)).toBe(true);
  const [ticket, ...others] = await ledger.due(machineMs());
  expect(others).toEqual([]);
  expect(ticket).toEqual({ kind: 'step', runId: id, topic: 'in', partition: 0, epoch: 0 });
  return { id, ticket: ticket as StepTicket };
}

const half = { nextOffset: 60, accumulator: '[["a",1]]', deadLettered: 1, done: false };

describe('the ledger of batch runs', () => {
  it('freezes a window once, and takes an empty partition for done', async () => {
    const { id } = await startAndFreeze();
    expect((await runs.steps(id)).map(({ state }) => state)).toEqual(['waiting', 'done']);
    const late: RunTicket = { kind: 'plan', runId: id, epoch: 0 };
    expect(await ledger.claimRun(late)).toBeNull();
    expect(await ledger.freeze(late, [], HASH)).toBe(false);
  });

  it('gives a ticket to one holder only, and issues none while it is held', async () => {
    const { ticket } = await startAndFreeze();
    expect(await ledger.steps.claim(ticket)).toMatchObject({ nextOffset: 10, endOffset: 110 });
    expect(await ledger.steps.claim(ticket)).toBeNull();
    expect(await ledger.due(machineMs())).toEqual([]);
  });

  it('refuses the checkpoint of a holder whose lease ran out', async () => {
    const { id, ticket } = await startAndFreeze();
    await ledger.steps.claim(ticket);
    expect(await ledger.steps.checkpoint(ticket, half)).toBe(true);
    // The holder hangs; another takes over at the last checkpoint.
    const [next] = await ledger.due(machineMs() + LEASE_MS + 1);
    expect(next).toEqual({ ...ticket, epoch: 1 });
    expect(await ledger.steps.claim(next as StepTicket)).toMatchObject({
      nextOffset: 60,
      accumulator: '[["a",1]]',
    });
    const zombie = { ...half, nextOffset: 80, accumulator: 'wrong' };
    expect(await ledger.steps.checkpoint(ticket, zombie)).toBe(false);
    expect(await ledger.renew(ticket)).toBe(false);
    await ledger.steps.fail(ticket, 'a zombie says so');
    expect((await runs.steps(id))[0]).toMatchObject({ nextOffset: 60, state: 'running' });
    expect(await runs.find(id)).toMatchObject({ recordsRead: 50, recordsTotal: 100 });
  });

  it('goes on at once with what a holder gives back in order', async () => {
    const { ticket } = await startAndFreeze();
    await ledger.steps.claim(ticket);
    await ledger.release(ticket);
    expect(await ledger.due(machineMs())).toEqual([{ ...ticket, epoch: 1 }]);
  });

  it('retries what failed from its checkpoint, then fails with the reason', async () => {
    const { id, ticket } = await startAndFreeze();
    await ledger.steps.claim(ticket);
    await ledger.steps.checkpoint(ticket, half);
    await ledger.steps.fail(ticket, 'division by zero');
    expect(await ledger.due(machineMs())).toEqual([]);
    const retried = await runs.find(id);
    expect(retried).toMatchObject({ attempt: 2, state: 'running', error: 'division by zero' });
    const later = machineMs() + 60_000;
    const [again] = await ledger.due(later);
    expect(await ledger.steps.claim(again as StepTicket)).toMatchObject({ nextOffset: 60 });
    await ledger.steps.fail(again as StepTicket, 'division by zero again');
    await ledger.due(later);
    expect(await runs.find(id)).toMatchObject({
      attempt: 2,
      state: 'failed',
      error: 'division by zero again',
    });
    const kinds = (await events.list({ subject: id })).nodes.map(({ kind }) => kind);
    expect(kinds).toEqual(['RUN_FAILED', 'RUN_RETRIED', 'RUN_STARTED', 'RUN_CREATED']);
  });

  it('finishes when all steps are done, once', async () => {
    const { id, ticket } = await startAndFreeze();
    await ledger.steps.claim(ticket);
    await ledger.steps.checkpoint(ticket, { ...half, nextOffset: 110, done: true });
    const [finish] = await ledger.due(machineMs());
    expect(finish).toMatchObject({ kind: 'finish', runId: id });
    expect(await ledger.claimRun(finish as RunTicket)).not.toBeNull();
    expect(await ledger.accumulators(id)).toEqual(['[["a",1]]']);
    const result = { rows: 1, file: 'report.csv', topic: null };
    expect(await ledger.succeed(finish as RunTicket, result)).toBe(true);
    expect(await ledger.succeed(finish as RunTicket, result)).toBe(false);
    expect(await runs.find(id)).toMatchObject({ state: 'succeeded', deadLettered: 1 });
    expect((await results.find(id))?.name).toBe('report.csv');
  });

  it('takes nothing from a run that was cancelled', async () => {
    const { id, ticket } = await startAndFreeze();
    await ledger.steps.claim(ticket);
    expect((await runs.cancel(id)).kind).toBe('run');
    expect(await ledger.steps.checkpoint(ticket, half)).toBe(false);
    expect(await ledger.due(machineMs() + LEASE_MS + 1)).toEqual([]);
    expect((await runs.cancel(id)).kind).toBe('wrong-state');
  });

  it('begins again, on the same window, when the definition was changed meanwhile', async () => {
    const { id, ticket } = await startAndFreeze();
    await ledger.steps.claim(ticket);
    await ledger.steps.checkpoint(ticket, half);
    await ledger.startOver(id, 'hash-2');
    expect(await ledger.due(machineMs())).toEqual([{ ...ticket, epoch: 1 }]);
    expect((await runs.steps(id))[0]).toMatchObject({ nextOffset: 10, endOffset: 110 });
  });

  it('says what a run waits for', async () => {
    const id = await startRun();
    expect((await runs.find(id))?.waitingFor).toMatch(/^a worker/);
    const worker = { id: 'w', pid: 1, host: 'h', startedAt: 1, slotsBusy: 4, slots: 4 };
    await workers.heartbeat({ ...worker, redisProblem: 'Redis at h:1 does not answer' });
    expect((await runs.find(id))?.waitingFor).toMatch(/^Redis/);
    await workers.heartbeat({ ...worker, redisProblem: null });
    expect((await runs.find(id))?.waitingFor).toMatch(/^a free slot/);
    await workers.heartbeat({ ...worker, slotsBusy: 0, redisProblem: null });
    expect((await runs.find(id))?.waitingFor).toBeNull();
    await workers.leave('w');
  });

  it('says what a running step waits for, until its next checkpoint', async () => {
    const { id, ticket } = await startAndFreeze();
    await ledger.steps.claim(ticket);
    const worker = { id: 'w', pid: 1, host: 'h', startedAt: 1, slotsBusy: 1, slots: 4 };
    await workers.heartbeat({ ...worker, redisProblem: null });
    await ledger.meet(ticket, 'the broker: NOT_ENOUGH_REPLICAS');
    expect((await runs.find(id))?.waitingFor).toBe('the broker: NOT_ENOUGH_REPLICAS');
    await ledger.meet({ ...ticket, epoch: ticket.epoch + 1 }, 'what somebody else waits for');
    expect((await runs.find(id))?.waitingFor).toBe('the broker: NOT_ENOUGH_REPLICAS');
    await ledger.steps.checkpoint(ticket, half);
    expect((await runs.find(id))?.waitingFor).toBeNull();
    await workers.leave('w');
  });

  it('names who holds control.db, rather than a worker that cannot say that it runs', async () => {
    const id = await startRun();
    const holder = await ControlDatabase.open(loadConfig({ PENSTOCK_DATA_DIR: folder.path }));
    const held = Promise.withResolvers<void>();
    const letGo = Promise.withResolvers<void>();
    const holding = holder.$transaction(async (tx) => {
      await tx.worker.deleteMany({ where: { id: 'nobody' } });
      held.resolve();
      await letGo.promise;
    });
    await held.promise;
    const delayed = workers.leave('nobody');
    const waiting = await eventually(async () => {
      const words = (await runs.find(id))?.waitingFor;
      return words?.startsWith('the database: ') === true && words;
    });
    expect(waiting).toMatch(/^the database: control\.db is locked/);
    letGo.resolve();
    await Promise.all([holding, delayed]);
    await holder.$disconnect();
    await eventually(
      async () => (await runs.find(id))?.waitingFor?.startsWith('a worker') === true,
    );
  });
});

describe('the ticks of a schedule', () => {
  const day = 86_400_000;

  it('coalesce to the latest, never overlap, and fire once', async () => {
    await pipelines.register([registration('0 6 * * *')]);
    const since = (await pipelines.find('report'))?.scheduleSince ?? 0;
    expect(await ticks.tick(since)).toBe(0);
    // No worker ran for three days: three ticks are owed, and one run is made, for the latest.
    const now = since + 3 * day;
    expect(await ticks.tick(now)).toBe(1);
    const [run] = (await runs.list({ job: 'report' })).nodes;
    expect(run).toMatchObject({ trigger: 'catch-up', ticks: 3 });
    expect(new Date(run?.scheduledFor ?? 0).toISOString()).toMatch(/T06:00:00.000Z$/);
    expect(now - (run?.scheduledFor ?? 0)).toBeLessThan(day);
    // The run has not ended: the next day's tick stays owed until it has.
    expect(await ticks.tick(now + day)).toBe(0);
    await database.batchRun.updateMany({ data: { state: 'succeeded' } });
    expect(await ticks.tick(now)).toBe(0);
    expect(await ticks.tick(now + day)).toBe(1);
  });

  it('are made by one of several workers only', async () => {
    await pipelines.register([registration('0 6 * * *')]);
    const pipeline = (await pipelines.find('report'))!;
    const run = { trigger: 'schedule' as const, windowKind: 'all' as const, scheduledFor: 1_000 };
    const made = await Promise.allSettled([1, 2, 3].map(() => creation.create(pipeline, run)));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('are owed from the registration of the schedule on, across restarts', async () => {
    await pipelines.register([registration('0 6 * * *')]);
    const { scheduleSince } = (await pipelines.find('report'))!;
    await pipelines.register([registration('0 6 * * *')]);
    expect((await pipelines.find('report'))?.scheduleSince).toBe(scheduleSince);
  });
});
