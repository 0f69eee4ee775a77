import { ControlDatabase, loadConfig } from '@penstock/platform';
import { temporaryFolder } from '@penstock/testing';
import { migratedFolder } from '@penstock/testing/migrated-folder';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EventLog } from '../events/index.ts';
import { PipelinesService, UNSCHEDULED } from '../pipelines/index.ts';
import { type ProcessorState, ProcessorsService } from './processors.service.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let database: ControlDatabase;
let processors: ProcessorsService;

beforeAll(async () => {
  folder = await migratedFolder('control');
  const config = loadConfig({ PENSTOCK_DATA_DIR: folder.path });
  database = await ControlDatabase.open(config);
  processors = new ProcessorsService(database, new EventLog(database));
  const pipeline = {
    description: '',
    sources: ['in'],
    sinks: ['out'],
    operators: [],
    groupId: 'alerts',
    deadLetterTopic: 'alerts.dlt',
    schedule: null,
    timeZone: null,
    choices: UNSCHEDULED,
    attemptsMax: 3,
    definitionHash: 'h',
  };
  await new PipelinesService(database).register([
    { ...pipeline, name: 'alerts', mode: 'stream' },
    { ...pipeline, name: 'report', mode: 'batch', groupId: null },
  ]);
});

afterAll(async () => {
  await database.$disconnect();
  await folder[Symbol.asyncDispose]();
});

function report(workerId: string, state: ProcessorState, consumed: number) {
  const counts = { consumed, produced: 1, deadLettered: 0, partitions: 1 };
  return { pipeline: 'alerts', workerId, state, lastError: null, ...counts };
}

it('shows trouble before health, and counts what all instances did', async () => {
  expect(await processors.find('alerts')).toMatchObject({ state: 'stopped', instances: [] });
  await processors.report([report('a', 'running', 10)]);
  await processors.report([report('b', 'retrying', 5)]);
  expect(await processors.find('alerts')).toMatchObject({ state: 'retrying', consumed: 15 });
});

it('keeps the counts of workers that are gone, in one row', async () => {
  await database.processorStatus.updateMany({
    where: { workerId: { in: ['a', 'b'] } },
    // As a mark that was made before the machine started anew.
    data: { reportedAt: 1n, beatMs: BigInt(Number.MAX_SAFE_INTEGER) },
  });
  await processors.foldGone();
  await processors.report([report('c', 'running', 1)]);
  const view = await processors.find('alerts');
  expect(view).toMatchObject({ state: 'running', consumed: 16, produced: 3 });
  expect(view?.instances.map(({ workerId }) => workerId)).toEqual(['c']);
  expect(await database.processorStatus.count()).toBe(2);
});

it('remembers what is wanted, and refuses what cannot be', async () => {
  expect(await processors.setDesired('alerts', 'paused')).toMatchObject({
    kind: 'processor',
    processor: { desired: 'paused' },
  });
  expect(await processors.paused()).toEqual(new Set(['alerts']));
  expect((await processors.setDesired('report', 'paused')).kind).toBe('wrong-state');
  expect((await processors.setDesired('nothing', 'paused')).kind).toBe('pipeline-not-found');
});
