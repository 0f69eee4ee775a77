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
    stateHash: 's1',
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
  return { pipeline: 'alerts', workerId, state, lastError: null, stateProblem: null, ...counts };
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

it('takes decisions about a state, and keeps none that nobody waits for', async () => {
  const decided = async () => (await processors.stateDecisions()).get('alerts');
  expect(await decided()).toEqual({ epoch: 0, startFrom: null, keepFor: null });
  const refused = await processors.keepState('alerts');
  expect(refused).toMatchObject({
    kind: 'wrong-state',
    message: expect.stringContaining('no instance waits'),
  });
  await processors.report([{ ...report('d', 'failed', 0), stateProblem: 'lost' }]);
  expect(await processors.find('alerts')).toMatchObject({ stateProblem: 'lost' });
  expect(await processors.keepState('alerts')).toMatchObject({
    message: expect.stringContaining('its state is missing'),
  });
  await processors.report([{ ...report('d', 'failed', 0), stateProblem: 'changed' }]);
  expect((await processors.keepState('alerts')).kind).toBe('processor');
  expect(await decided()).toEqual({ epoch: 0, startFrom: null, keepFor: 's1' });
  // Starting over is another epoch each time, and what was kept for it has ended.
  await processors.startOver('alerts', 'earliest');
  await processors.startOver('alerts', 'latest');
  expect(await decided()).toEqual({ epoch: 2, startFrom: 'latest', keepFor: null });
  expect((await processors.startOver('report', 'latest')).kind).toBe('wrong-state');
  expect((await processors.startOver('nothing', 'latest')).kind).toBe('pipeline-not-found');
  const { nodes } = await new EventLog(database).list({ subject: 'alerts' });
  expect(nodes.slice(0, 3).map(({ kind, message }) => [kind, message])).toEqual([
    ['PROCESSOR_STARTED_OVER', 'alerts was told to start over from the end of its logs'],
    ['PROCESSOR_STARTED_OVER', 'alerts was told to start over from the start of its logs'],
    ['PROCESSOR_STATE_KEPT', 'alerts was told to keep its state for definition s1'],
  ]);
});
