import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Admin, Consumer, Producer } from '@platformatic/kafka';
import { ErrorCodes } from '@penstock/kafka-protocol';
import {
  fetchRecords,
  freePort,
  ProduceFaultProxy,
  temporaryFolder,
  TestBroker,
  type TemporaryFolder,
  WireClient,
} from '@penstock/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { pipeline } from '../definition/pipeline-builder.ts';
import { writeBatchResult } from './batch-result.ts';
import { reasonOf } from './kafka-errors.ts';
import { obstacleOf } from './obstacle.ts';
import type { KafkaPort } from './runtime-ports.ts';

type ErrorName = keyof typeof ErrorCodes;

const FILE = 'counts.csv';

let proxy: ProduceFaultProxy;
let broker: TestBroker;
let brokerPort: number;
let kafka: KafkaPort;
let folder: TemporaryFolder;
let runs = 0;

beforeAll(async () => {
  brokerPort = await freePort();
  proxy = await ProduceFaultProxy.start(brokerPort);
  broker = await TestBroker.start({ port: brokerPort, advertisedPort: proxy.port });
  folder = await temporaryFolder();
  const base = {
    clientId: 'test',
    bootstrapBrokers: [`127.0.0.1:${proxy.port}`],
    // With one or none the client tries for ever.
    retries: 2,
    retryDelay: 10,
  };
  const admin = new Admin(base);
  kafka = {
    admin: () => admin,
    producer: (settings) => new Producer({ ...base, ...settings }),
    consumer: (groupId, settings) => new Consumer({ ...base, ...settings, groupId }),
    release: async (client) => {
      await client.close(true);
    },
  };
});

afterEach(() => {
  proxy.fault = undefined;
});

afterAll(async () => {
  await kafka?.admin().close();
  await proxy?.[Symbol.asyncDispose]();
  await broker?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

/** A run whose result is one row, in a file and in a topic of its own. */
function newRun() {
  const runId = `r${++runs}`;
  const definition = pipeline(`counts-${runId}`)
    .from('in', { schema: z.object({ n: z.number() }) })
    .aggregate({
      label: 'count',
      key: () => 'all',
      init: () => ({ count: 0 }),
      add: ({ count }) => ({ count: count + 1 }),
      merge: (left, right) => ({ count: left.count + right.count }),
      result: (key, { count }) => ({ key, count }),
    })
    .to(`counts-${runId}`)
    .toCsv(FILE, { count: (row) => row.count });
  const target = join(folder.path, runId);
  const accumulators = ['[["all",{"count":2}]]', '[["all",{"count":3}]]'];
  return {
    folder: target,
    write: () => writeBatchResult({ definition, kafka, runId, accumulators, folder: target }),
    rowsInTopic: async () => {
      await using client = await WireClient.connect(brokerPort);
      return Number((await fetchRecords(client, `counts-${runId}`, 0, {})).highWatermark);
    },
  };
}

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('the result of a batch run', () => {
  const refusals: ErrorName[] = [
    'TOPIC_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED',
    'MESSAGE_TOO_LARGE',
    'RECORD_LIST_TOO_LARGE',
    'INVALID_RECORD',
    'INVALID_TIMESTAMP',
    'POLICY_VIOLATION',
    'INVALID_TOPIC_EXCEPTION',
  ];
  it.each(refusals)('fails with the reason, and leaves nothing, at %s', async (name) => {
    const run = newRun();
    proxy.fault = () => ({ appended: false, answer: { errorCode: ErrorCodes[name] } });
    const error = await failure(run.write());
    expect(obstacleOf(error)).toBeNull();
    expect(reasonOf(error)).toMatch(name.endsWith('TOO_LARGE') ? /max\.message\.bytes/ : name);
    expect(await readdir(run.folder)).toEqual([]);
    expect(await run.rowsInTopic()).toBe(0);
  });

  const outages: ErrorName[] = [
    'NOT_ENOUGH_REPLICAS',
    'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'NOT_LEADER_OR_FOLLOWER',
    'KAFKA_STORAGE_ERROR',
    'THROTTLING_QUOTA_EXCEEDED',
  ];
  it.each(outages)('waits, says for what, and is written after %s', async (name) => {
    const run = newRun();
    proxy.fault = () => ({ appended: false, answer: { errorCode: ErrorCodes[name] } });
    expect(obstacleOf(await failure(run.write()))).toContain(name);
    expect(await readdir(run.folder)).toEqual([]);
    proxy.fault = undefined;
    expect(await run.write()).toMatchObject({ rows: 1, file: FILE });
    expect(await readFile(join(run.folder, FILE), 'utf8')).toBe('count\r\n5\r\n');
    expect(await run.rowsInTopic()).toBe(1);
  });

  it('waits for room while the disk is full, before a row goes to its topic', async () => {
    const run = newRun();
    await mkdir(run.folder, { recursive: true });
    // Whatever is written to it meets a full disk.
    await symlink('/dev/full', join(run.folder, `.${FILE}.${process.pid}.tmp`));
    const produces = proxy.producesTotal;
    expect(obstacleOf(await failure(run.write()))).toMatch(/^room on the disk: ENOSPC/);
    expect(proxy.producesTotal).toBe(produces);
    expect(await readdir(run.folder)).toEqual([]);
    expect(await run.write()).toMatchObject({ rows: 1, file: FILE });
  });

  it('fails with the reason where the folder cannot be made', async () => {
    const run = newRun();
    await writeFile(run.folder, 'a file');
    const error = await failure(run.write());
    expect(obstacleOf(error)).toBeNull();
    expect(reasonOf(error)).toContain(run.folder);
  });
});
