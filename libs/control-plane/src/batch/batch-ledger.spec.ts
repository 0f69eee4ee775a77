import { ControlDatabase, loadConfig } from '@penstock/platform';
import { eventually, temporaryFolder } from '@penstock/testing';
import { migratedFolder } from '@penstock/testing/migrated-folder';
import { batchJob, type BatchServices, batchServices } from '@penstock/testing/batch-services';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { machineMs } from '../clock/index.ts';
import { UNSCHEDULED } from '../pipelines/index.ts';
import { LEASE_MS, type RunTicket, type StepTicket } from './batch-tickets.ts';

const HASH = 'hash-1';
/** Two topics, so that a step has two rows. */
const WINDOW = [
  { topic: 'in', topicId: 'id', partition: 0, startOffset: 10, endOffset: 110 },
  { topic: 'also', topicId: 'id2', partition: 0, startOffset: 0, endOffset: 20 },
];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let database: ControlDatabase;
let { ledger, runs, pipelines, workers, ticks, events, creation, results, decisions } =
  {} as BatchServices;

beforeAll(async () => {
  folder = await migratedFolder('control');
  const config = loadConfig({ PENSTOCK_DATA_DIR: folder.path });
  database = await ControlDatabase.open(config);
  ({ ledger, runs, pipelines, workers, ticks, events, creation, results, decisions } =
    batchServices(database, config));
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

/** Starts a run, freezes its window, and returns the ticket of its one step. */
async function startAndFreeze(window = WINDOW): Promise<{ id: string; ticket: StepTicket }> {
  const id = await startRun();
  const [plan] = await ledger.due(machineMs());
  expect(plan).toEqual({ kind: 'plan', runId: id, epoch: 0 });
  expect(await ledger.claimRun(plan as RunTicket)).not.toBeNull();
  expect(await ledger.freeze(plan as RunTicket, window, HASH)).toBe(true);
  const [ticket, ...others] = await ledger.due(machineMs());
  expect(others).toEqual([]);
  expect(ticket).toEqual({ kind: 'step', runId: id, partition: 0, epoch: 0 });
  return { id, ticket: ticket as StepTicket };
}

const at = (also: number, nextOffset: number) => [
  { topic: 'also', nextOffset: also },
  { topic: 'in', nextOffset },
];
const half = { positions: at(5, 60), deadLettered: 1, done: false };
const whole = { ...half, positions: at(20, 110), done: true };
const RESULT = { rows: 1, file: 'report.csv', topic: null, deadLettered: 2 };

/** Starts a run of the chain of contiguous runs, and finds out what it begins with. */
async function startContiguous() {
  const { id, ticket } = await startAndFreeze();
  await database.batchRun.update({ where: { id }, data: { windowKind: 'contiguous' } });
  return { id, ticket, base: () => ledger.states.find({ id, job: 'report' }) };
}

async function claimFinish(ticket: StepTicket): Promise<RunTicket> {
  await ledger.steps.claim(ticket);
  await ledger.steps.checkpoint(ticket, whole);
  const tickets = await ledger.due(machineMs());
  const finish = tickets.find(({ runId }) => runId === ticket.runId) as RunTicket;
  expect(await ledger.claimRun(finish)).not.toBeNull();
  return finish;
}

describe('the ledger of batch runs', () => {
  it('freezes a window once, and has a step for a partition without records, too', async () => {
    const { id } = await startAndFreeze([{ ...WINDOW[0]!, startOffset: 110 }]);
    const late: RunTicket = { kind: 'plan', runId: id, epoch: 0 };
    expect(await ledger.claimRun(late)).toBeNull();
    expect(await ledger.freeze(late, [], HASH)).toBe(false);
  });

  it('gives a ticket to one holder only, and issues none while it is held', async () => {
    const { ticket } = await startAndFreeze();
    expect(await ledger.steps.claim(ticket)).toMatchObject({
      parts: [
        { topic: 'also', nextOffset: 0, endOffset: 20 },
        { topic: 'in', nextOffset: 10, endOffset: 110 },
      ],
    });
    expect(await ledger.steps.claim(ticket)).toBeNull();
    expect(await ledger.due(machineMs())).toEqual([]);
  });

  it('has a step for each number of a partition, over that of each topic', async () => {
    const id = await startRun();
    const [plan] = await ledger.due(machineMs());
    await ledger.claimRun(plan as RunTicket);
    const more = WINDOW.map((window) => ({ ...window, partition: 3 }));
    await ledger.freeze(plan as RunTicket, [...WINDOW, ...more], HASH);
    const tickets = await ledger.due(machineMs());
    expect(tickets).toEqual(
      [0, 3].map((partition) => ({ kind: 'step', runId: id, partition, epoch: 0 })),
    );
    await ledger.steps.claim(tickets[0] as StepTicket);
    expect(await ledger.due(machineMs())).toEqual([tickets[1]]);
  });

  it('counts what a step has made once, however often it says it', async () => {
    const { ticket } = await startAndFreeze();
    await ledger.steps.claim(ticket);
    expect(await ledger.steps.checkpoint(ticket, half)).toBe(1);
    expect(await ledger.steps.checkpoint(ticket, half)).toBe(1);
    await ledger.release(ticket);
    const again = { ...ticket, epoch: 1 };
    expect(await ledger.steps.claim(again)).toMatchObject({ deadLettered: 1 });
  });

  it('refuses the checkpoint of a holder whose lease ran out', async () => {
    const { id, ticket } = await startAndFreeze();
    await ledger.steps.claim(ticket);
    expect(await ledger.steps.checkpoint(ticket, half)).toBe(1);
    // The holder hangs; another takes over at the last checkpoint.
    const [next] = await ledger.due(machineMs() + LEASE_MS + 1);
    expect(next).toEqual({ ...ticket, epoch: 1 });
    expect(await ledger.steps.claim(next as StepTicket)).toMatchObject({
      parts: [{ nextOffset: 5 }, { nextOffset: 60 }],
    });
    const zombie = { ...half, positions: at(9, 80) };
    expect(await ledger.steps.checkpoint(ticket, zombie)).toBeNull();
    expect(await ledger.renew(ticket)).toBe(false);
    await ledger.steps.fail(ticket, 'a zombie says so');
    expect((await runs.steps(id))[1]).toMatchObject({ nextOffset: 60, state: 'running' });
    expect(await runs.find(id)).toMatchObject({ recordsRead: 55, recordsTotal: 120 });
  });

  it('leaves a claim that was renewed after a look for others had begun', async () => {
    const { ticket } = await startAndFreeze();
    const lookedAt = machineMs() - 2_000;
    await ledger.steps.claim(ticket);
    expect(await ledger.due(lookedAt)).toEqual([]);
    expect(await ledger.renew(ticket)).toBe(true);
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
    expect(await ledger.steps.claim(again as StepTicket)).toMatchObject({
      parts: [{ nextOffset: 5 }, { nextOffset: 60 }],
    });
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

  it('waits no longer for the next attempt because a person has restarted it often', async () => {
    const { id, ticket } = await startAndFreeze();
    await database.batchRun.update({ where: { id }, data: { attempt: 9, attemptsMax: 10 } });
    await ledger.steps.claim(ticket);
    await ledger.steps.fail(ticket, 'division by zero');
    const before = machineMs();
    await ledger.due(before);
    const { retryAt } = await database.batchRun.findUniqueOrThrow({ where: { id } });
    expect(Number(retryAt) - before).toBe(1_000);
  });

  it('finishes when all steps are done, once', async () => {
    const { id, ticket } = await startAndFreeze();
    const finish = await claimFinish(ticket);
    expect(finish).toMatchObject({ kind: 'finish', runId: id });
    expect(await ledger.succeed(finish, RESULT)).toBe('succeeded');
    expect(await ledger.succeed(finish, RESULT)).toBe('lost');
    expect(await runs.find(id)).toMatchObject({ state: 'succeeded', deadLettered: 2 });
    expect((await results.find(id))?.name).toBe('report.csv');
  });

  it('takes nothing from a run that was cancelled', async () => {
    const { id, ticket } = await startAndFreeze();
    await ledger.steps.claim(ticket);
    expect((await runs.cancel(id)).kind).toBe('run');
    expect(await ledger.steps.checkpoint(ticket, half)).toBeNull();
    expect(await ledger.due(machineMs() + LEASE_MS + 1)).toEqual([]);
    expect((await runs.cancel(id)).kind).toBe('wrong-state');
  });

  it('begins again, on the same window, when the definition was changed meanwhile', async () => {
    const { id, ticket } = await startAndFreeze();
    await ledger.steps.claim(ticket);
    await ledger.steps.checkpoint(ticket, half);
    await ledger.startOver({ ...ticket, epoch: 7 }, 'what a zombie has');
    await ledger.startOver(ticket, 'hash-2');
    expect(await ledger.due(machineMs())).toEqual([{ ...ticket, epoch: 1 }]);
    expect((await runs.steps(id))[1]).toMatchObject({ nextOffset: 10, endOffset: 110 });
    expect(await runs.find(id)).toMatchObject({ generation: 2, recordsRead: 0, deadLettered: 0 });
  });

  it('begins each contiguous run with the state of the newest that succeeded', async () => {
    const first = await startContiguous();
    expect(await first.base()).toEqual({ kind: 'base', base: null });
    await ledger.succeed(await claimFinish(first.ticket), RESULT);
    const second = await startContiguous();
    expect(await second.base()).toMatchObject({ base: { runId: first.id, generation: 1 } });
    await ledger.succeed(await claimFinish(second.ticket), RESULT);
    // The newest can be taken out of the chain and made anew; one that another went on from cannot.
    await decisions.restart(first.id);
    expect(await first.base()).toEqual({ kind: 'superseded', by: second.id });
    await runs.cancel(first.id);
    await decisions.restart(second.id);
    expect(await second.base()).toEqual({ kind: 'base', base: null });
    expect(await ledger.states.kept('report')).toEqual(
      [first.id, second.id].map((runId) => ({ runId, generation: 2 })),
    );
  });

  it('starts a run over when another has left a newer state than it began with', async () => {
    const held = await startContiguous();
    expect(await held.base()).toEqual({ kind: 'base', base: null });
    const finishHeld = await claimFinish(held.ticket);
    const other = await startAndFreeze();
    const finishOther = await claimFinish(other.ticket);
    await database.batchRun.update({
      where: { id: other.id },
      data: { windowKind: 'contiguous' },
    });
    expect(await ledger.succeed(finishOther, RESULT)).toBe('succeeded');
    expect(await ledger.succeed(finishHeld, RESULT)).toBe('changed');
    expect(await held.base()).toEqual({ kind: 'changed' });
    await ledger.startOver(finishHeld, HASH);
    expect(await held.base()).toMatchObject({ base: { runId: other.id } });
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
