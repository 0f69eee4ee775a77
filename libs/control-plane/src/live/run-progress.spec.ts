import { ControlDatabase, loadConfig, migrateControlDatabase } from '@penstock/platform';
import { temporaryFolder, type TemporaryFolder } from '@penstock/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventLog } from '../events/index.ts';
import type { LiveRun } from './live-frame.ts';
import { RunProgress } from './run-progress.ts';

let folder: TemporaryFolder;
let database: ControlDatabase;
let events: EventLog;

beforeAll(async () => {
  folder = await temporaryFolder();
  const config = loadConfig({ PENSTOCK_DATA_DIR: folder.path });
  await migrateControlDatabase(config);
  database = await ControlDatabase.open(config);
  events = new EventLog(database);
});

afterAll(async () => {
  await database?.$disconnect();
  await folder?.[Symbol.asyncDispose]();
});

const run = (change: Partial<LiveRun>): LiveRun => ({
  id: 'r1',
  job: 'report',
  state: 'running',
  attempt: 1,
  recordsRead: 0,
  recordsTotal: 100,
  obstacle: null,
  ...change,
});

describe('the progress of runs', () => {
  it('is told to those who follow, once per change, and crowds no event out', async () => {
    const known = await events.append('RUN_STARTED', 'r1', 'report: attempt 1 began');
    const progress = new RunProgress(events);
    const tail = events.tail(null);
    const heard = async (): Promise<unknown> => (await tail.next()).value;

    let next = heard();
    progress.report([run({ recordsRead: 10 })]);
    const about = { kind: 'RUN_PROGRESS', subject: 'r1', id: known.id };
    expect(await next).toMatchObject({ ...about, message: 'report: 10 of 100 records read' });

    next = heard();
    progress.report([run({ recordsRead: 10 })]);
    progress.report([run({ recordsRead: 10, obstacle: 'the broker: gone' })]);
    const waits = 'report: 10 of 100 records read, waits for the broker: gone';
    expect(await next).toMatchObject({ ...about, message: waits });

    next = heard();
    progress.report([run({ recordsRead: 100, state: 'succeeded' })]);
    const ended = await events.append('RUN_SUCCEEDED', 'r1', 'report: done');
    expect(await next).toEqual(ended);
    await tail.return?.();

    const { nodes, totalCount } = await events.list({});
    expect([totalCount, nodes.map(({ kind }) => kind)]).toEqual([
      2,
      ['RUN_SUCCEEDED', 'RUN_STARTED'],
    ]);
    const again = events.tail(String(known.id));
    expect((await again.next()).value).toEqual(ended);
    await again.return?.();
  });
});
