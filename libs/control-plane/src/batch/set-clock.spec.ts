import { type Config, ControlDatabase, createLogger, loadConfig } from '@penstock/platform';
import type { TemporaryFolder } from '@penstock/testing';
import { migratedFolder } from '@penstock/testing/migrated-folder';
import { batchJob, batchServices } from '@penstock/testing/batch-services';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClockWatch, machineMs } from '../clock/index.ts';
import { HistoryService } from '../history/index.ts';
import { UNSCHEDULED } from '../pipelines/index.ts';
import { ProcessorsService } from '../processors/index.ts';
import type { RunTicket } from './batch-tickets.ts';

// Everything that remembers times, tested on a wall clock that is set while the monotonic clock
// goes on. Only Date and hrtime are faked, and vi.setSystemTime moves Date alone.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOON = Date.parse('2026-03-10T12:00:00Z');
const SERIES = { kind: 'total', subject: '*', metric: 'in' } as const;

let folder: TemporaryFolder;
let config: Config;
let database: ControlDatabase;
let world: Awaited<ReturnType<typeof startProcess>>;

beforeAll(async () => {
  folder = await migratedFolder('control');
  config = loadConfig({ PENSTOCK_DATA_DIR: folder.path });
  database = await ControlDatabase.open(config);
});

afterAll(async () => {
  await database.close();
  await folder[Symbol.asyncDispose]();
});

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date', 'hrtime'], now: NOON });
  vi.advanceTimersByTime(HOUR);
  vi.setSystemTime(NOON);
  await emptyDatabase();
  world = await startProcess();
});

afterEach(() => vi.useRealTimers());

async function emptyDatabase(): Promise<void> {
  const tables = await database.$queryRaw<{ name: string }[]>`
    SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB '[A-Z]*'`;
  for (const { name } of tables) await database.$executeRawUnsafe(`DELETE FROM "${name}"`);
}

/** The services of a process that starts now and does not know what an earlier one noticed. */
async function startProcess() {
  const batch = batchServices(database, config);
  const services = {
    ...batch,
    processors: new ProcessorsService(database, batch.events),
    history: new HistoryService(database, batch.clock),
  };
  await services.clock.look();
  return services;
}

/** No broker runs here; a job that reads the whole log needs none for its runs to be made. */
function job(name: string, schedule: string) {
  const choices = { ...UNSCHEDULED, window: 'all' as const, onFailure: 'continue' as const };
  return batchJob({ name, schedule, timeZone: 'UTC', choices });
}

/** Lets time pass as the processes see it; every run ends at once. */
async function pass(durationMs: number, stepMs = 10 * SECOND): Promise<void> {
  for (let passed = 0; passed < durationMs; passed += stepMs) {
    vi.advanceTimersByTime(stepMs);
    await world.clock.look();
    await world.ticks.tick(Date.now());
    await database.batchRun.updateMany({ data: { state: 'succeeded' } });
    await world.history.record(Date.now(), [{ ...SERIES, value: 1 }]);
  }
}

async function setClock(byMs: number): Promise<void> {
  vi.setSystemTime(Date.now() + byMs);
  await world.clock.look();
}

/** Due times of the runs made since `since`, as they were made. */
async function made(name: string, since: number): Promise<string[]> {
  const rows = await database.batchRun.findMany({
    where: { job: name },
    orderBy: { id: 'asc' },
  });
  return rows
    .filter((row) => Number(row.createdAt) >= since && Number(row.createdAt) < since + HOUR)
    .map((row) => (row.scheduledFor === null ? 'none' : clockTime(Number(row.scheduledFor))));
}

function clockTime(at: number): string {
  return new Date(at).toISOString().slice(11, 16);
}

function minutes(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => clockTime(from + index * MINUTE));
}

async function told(): Promise<string[]> {
  const { nodes } = await world.events.list({ first: 500 });
  return nodes.filter(({ subject }) => subject === 'clock').map(({ message }) => message);
}

describe('a clock that is two hours ahead for a minute', () => {
  it('is said, and schedules go on at once, each due time once', async () => {
    const daily = [job('next', '0 13 * * *'), job('later', '30 13 * * *')];
    await world.pipelines.register([job('minutely', '* * * * *'), ...daily]);
    await pass(3 * MINUTE);
    await setClock(2 * HOUR);
    await pass(MINUTE);
    await world.pipelines.register([
      job('minutely', '* * * * *'),
      ...daily,
      job('new', '* * * * *'),
    ]);
    await setClock(-2 * HOUR);
    expect(await told()).toEqual([
      'The clock went back by 2 h',
      'The clock went forward by 2 h, or the machine slept',
    ]);

    await pass(5 * MINUTE);
    expect(await made('minutely', NOON)).toEqual(minutes(NOON + MINUTE, 9));
    // The job `new` was registered while the clock was ahead.
    expect(await made('new', NOON)).toEqual(minutes(NOON + 5 * MINUTE, 5));
    // Both were made while the clock was ahead; theirs is still the next due time.
    expect((await world.runs.list({ job: 'next' })).nodes).toHaveLength(1);
    expect((await world.jobs.find('next'))?.nextRunAt).toBe(NOON + DAY + HOUR);
    expect((await world.jobs.find('minutely'))?.nextRunAt).toBe(NOON + 10 * MINUTE);

    // The clock reaches by itself the times that it showed while it was ahead.
    await pass(2 * HOUR - 10 * MINUTE, 10 * MINUTE);
    await pass(2 * MINUTE, 30 * SECOND);
    expect(await made('minutely', NOON + 2 * HOUR)).toEqual(
      expect.arrayContaining(minutes(NOON + 2 * HOUR, 2)),
    );
    for (const { name } of daily) {
      const dues = (await world.runs.list({ job: name })).nodes.map((run) => run.scheduledFor);
      expect(dues).toHaveLength(1);
    }
  });

  it('takes no point of the charts, and leaves none in the time to come', async () => {
    // In the middle of a bucket, and before the jump is noticed.
    await pass(3 * MINUTE);
    await pass(5 * SECOND, 5 * SECOND);
    vi.setSystemTime(Date.now() + 2 * HOUR);
    await world.history.record(Date.now(), [{ ...SERIES, value: 1 }]);
    await pass(MINUTE);
    await setClock(-2 * HOUR);
    await pass(3 * MINUTE);
    const now = Date.now();
    const newest = await database.sample.findFirstOrThrow({ orderBy: { at: 'desc' } });
    expect(Number(newest.at)).toBeLessThanOrEqual(now);
    for (const tierSeconds of [10, 60]) {
      const rows = await database.sample.findMany({
        where: {
          tierSeconds,
          at: { gte: BigInt(NOON + 5 * MINUTE), lt: BigInt(NOON + 7 * MINUTE) },
        },
      });
      expect(rows).toHaveLength((2 * MINUTE) / (tierSeconds * SECOND));
    }
  });
});

describe('a clock that is ahead for less than the time between two looks', () => {
  it('leaves no point in the time to come, whenever its samples are written', async () => {
    await pass(MINUTE);
    vi.setSystemTime(Date.now() + 2 * HOUR);
    const ahead = Date.now();
    const sample = { ...SERIES, value: 1 };
    await world.history.record(ahead, [sample]);
    const written = world.history.record(ahead + 10, [sample]);
    vi.setSystemTime(ahead - 2 * HOUR + 20);
    await Promise.all([
      written,
      world.clock.look(),
      world.history.record(ahead + SECOND, [sample]),
    ]);
    await world.history.record(ahead + 2 * SECOND, [sample]);
    expect(await database.sample.count({ where: { at: { gt: BigInt(Date.now()) } } })).toBe(0);
    expect(await database.sample.count()).toBeGreaterThan(0);
    expect(await told()).toEqual([
      'The clock went back by 2 h',
      'The clock went forward by 2 h, or the machine slept',
    ]);
  });
});

describe('a clock that is ahead while the processes start again', () => {
  it('holds back neither schedules nor charts, although nobody saw it go forward', async () => {
    await world.pipelines.register([job('minutely', '* * * * *')]);
    await pass(3 * MINUTE);
    vi.setSystemTime(Date.now() + 2 * HOUR);
    world = await startProcess();
    await pass(MINUTE);
    await setClock(-2 * HOUR);
    await pass(4 * MINUTE, 5 * SECOND);
    expect(await made('minutely', NOON)).toEqual(minutes(NOON + MINUTE, 8));
    const rows = await database.sample.findMany({
      where: { tierSeconds: 10, at: { gte: BigInt(NOON + 4 * MINUTE), lt: BigInt(Date.now()) } },
    });
    expect(rows).toHaveLength((4 * MINUTE) / (10 * SECOND));

    // A sample recorded for a future time is replaced when that time comes.
    await database.sample.updateMany({
      where: { at: { gt: BigInt(Date.now()) } },
      data: { subject: 'gone', value: 99 },
    });
    vi.advanceTimersByTime(2 * HOUR - 6 * MINUTE);
    await pass(4 * MINUTE);
    const left = await database.sample.findMany({ where: { subject: 'gone' } });
    expect(left).toEqual([]);
    const dues = await made('minutely', NOON + 2 * HOUR);
    expect(dues).toEqual([...new Set(dues)]);
  });
});

describe('a clock that is days ahead for a minute', () => {
  it('leaves the past of the charts and the runs of the days that come', async () => {
    await world.pipelines.register([job('daily', '0 13 * * *')]);
    await pass(HOUR + 5 * MINUTE, MINUTE);
    await setClock(10 * DAY);
    await pass(MINUTE);
    await setClock(-10 * DAY);
    const past = await world.history.query({ series: [SERIES], from: NOON, to: NOON + HOUR });
    const known = past.series[0]!.value.filter((value) => value !== null);
    expect(known.length).toBeGreaterThan(45);
    for (let day = 1; day <= 11; day++) {
      await pass(DAY, 6 * HOUR);
      const due = NOON + HOUR + day * DAY;
      const runs = (await world.runs.list({ job: 'daily' })).nodes;
      expect(runs.filter((run) => run.scheduledFor === due)).toHaveLength(1);
      expect(runs).toHaveLength(day + 2);
    }
  });
});

describe('a clock that is a day behind for a minute', () => {
  it('is said, and does nothing of the day again', async () => {
    await world.pipelines.register([job('daily', '0 13 * * *'), job('minutely', '* * * * *')]);
    await pass(DAY + 2 * HOUR, 30 * MINUTE);
    const before = (await world.runs.list({ job: 'daily' })).nodes;
    expect(before).toHaveLength(2);
    await setClock(-DAY);
    await pass(MINUTE);
    await setClock(DAY);
    expect(await told()).toEqual([
      'The clock went forward by 1 d, or the machine slept',
      'The clock went back by 1 d',
    ]);
    const start = Date.now();
    await pass(3 * MINUTE);
    expect((await world.runs.list({ job: 'daily' })).nodes).toEqual(before);
    expect((await made('minutely', start)).length).toBeGreaterThanOrEqual(3);
    const day = await database.sample.count({ where: { tierSeconds: 60 } });
    expect(day).toBeGreaterThan(45);
  });
});

it('runs are listed in the order in which they were made, whatever the clock said', async () => {
  await world.pipelines.register([job('any', '0 0 1 1 *')]);
  const ids: string[] = [];
  for (const byMs of [0, 2 * HOUR, -3 * HOUR, HOUR]) {
    vi.setSystemTime(Date.now() + byMs);
    const outcome = await world.runs.start({ job: 'any' });
    ids.push(outcome.kind === 'run' ? outcome.run.id : '');
  }
  const { nodes } = await world.runs.list({ job: 'any' });
  expect(nodes.map(({ id }) => id)).toEqual(ids.toReversed());
});

describe.each([
  ['ahead', 2 * HOUR],
  ['back', -2 * HOUR],
])('when the clock is set %s', (_name, byMs) => {
  async function claimedRun(): Promise<RunTicket> {
    await world.pipelines.register([job('any', '0 0 1 1 *')]);
    await world.runs.start({ job: 'any' });
    const [ticket] = await world.ledger.due(machineMs());
    expect(await world.ledger.claimRun(ticket as RunTicket)).not.toBeNull();
    return ticket as RunTicket;
  }

  it('a claim stays with its holder, and one whose holder is gone is given to another', async () => {
    const ticket = await claimedRun();
    await setClock(byMs);
    expect(await world.ledger.due(machineMs())).toEqual([]);
    vi.advanceTimersByTime(5 * SECOND);
    expect(await world.ledger.renew(ticket)).toBe(true);
    vi.advanceTimersByTime(6 * SECOND);
    expect(await world.ledger.due(machineMs())).toEqual([]);
    vi.advanceTimersByTime(5 * SECOND);
    expect(await world.ledger.due(machineMs())).toEqual([{ ...ticket, epoch: 1 }]);
  });

  it('the next attempt comes after its back-off', async () => {
    const ticket = await claimedRun();
    await world.ledger.failRun(ticket, 'a fault');
    await setClock(byMs);
    expect(await world.ledger.due(machineMs())).toEqual([]);
    vi.advanceTimersByTime(2 * SECOND);
    expect(await world.ledger.due(machineMs())).toHaveLength(1);
  });

  it('workers and their processors live for as long as they say so', async () => {
    const beat = { id: 'w', pid: 1, host: 'h', startedAt: 1, slotsBusy: 0, slots: 4 };
    const report = {
      pipeline: 'p',
      workerId: 'w',
      state: 'running' as const,
      lastError: null,
      stateProblem: null,
    };
    const counts = { consumed: 5, produced: 0, deadLettered: 0, partitions: 1 };
    await world.pipelines.register([{ ...job('p', '0 0 1 1 *'), mode: 'either', groupId: 'p' }]);
    await world.workers.heartbeat({ ...beat, redisProblem: null });
    await world.processors.report([{ ...report, ...counts }]);
    await setClock(byMs);
    await world.processors.foldGone();
    await world.workers.forgetGone();
    expect(await world.workers.alive()).toHaveLength(1);
    expect(await world.processors.find('p')).toMatchObject({ state: 'running', consumed: 5 });
    vi.advanceTimersByTime(61 * SECOND);
    await world.processors.foldGone();
    expect(await world.workers.alive()).toHaveLength(0);
    expect(await world.processors.find('p')).toMatchObject({ state: 'stopped', consumed: 5 });
  });
});

describe('what an earlier start of the machine left', () => {
  it('holds nothing: its marks lie ahead of the monotonic clock', async () => {
    await world.pipelines.register([job('any', '0 0 1 1 *')]);
    await world.runs.start({ job: 'any' });
    const ahead = BigInt(machineMs() + DAY);
    await database.batchRun.updateMany({
      data: { state: 'running', attempt: 1, leaseUntil: ahead, retryAt: ahead },
    });
    await database.worker.create({
      data: { id: 'w', pid: 1, host: 'h', startedAt: 1n, seenAt: 1n, beatMs: ahead, redis: '' },
    });
    expect(await world.ledger.due(machineMs())).toHaveLength(1);
    expect(await world.workers.alive()).toEqual([]);
    await world.workers.forgetGone();
    expect(await database.worker.count()).toBe(0);
  });

  it('is noticed when the clock went back meanwhile', async () => {
    await world.events.append('TOPIC_CREATED', 't', 'Topic t was created');
    vi.setSystemTime(Date.now() - 90 * MINUTE);
    const logger = createLogger({ name: 'test', level: 'silent' });
    for (const process of [1, 2]) {
      const clock = new ClockWatch(world.events, logger);
      await clock.onApplicationBootstrap();
      clock.onApplicationShutdown();
      expect(await told(), `after process ${process}`).toEqual([
        'The clock is 1 h 30 min behind the newest event',
      ]);
    }
  });
});
