import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  eventually,
  GraphqlClient,
  type Penstock,
  repositoryRoot,
  startPenstock,
} from '@penstock/testing';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let penstock: Penstock;
let client: GraphqlClient;

beforeAll(async () => {
  penstock = await startPenstock({
    processes: ['broker', 'api'],
    env: { REDIS_URL: 'redis://:secret@127.0.0.1:1' },
  });
  client = new GraphqlClient(penstock.baseUrl);
});

afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await penstock?.[Symbol.asyncDispose]();
});

const QUERY = `{ system { clusterId brokerKind bootstrapServers version startedAt dataDir durability
  redis { connected url help } processes { name state } workers { id } } }`;

async function system(): Promise<Record<string, unknown>> {
  return (await client.query<{ system: Record<string, unknown> }>(QUERY)).system;
}

describe('the system', () => {
  test('says what this installation is, as its own parts say it', async () => {
    const { version } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
      version: string;
    };
    const admin = new Kafka({
      brokers: [penstock.bootstrapServers],
      logLevel: logLevel.NOTHING,
    }).admin();
    await admin.connect();
    const { clusterId } = await admin.describeCluster();
    await admin.disconnect();
    expect(await system()).toMatchObject({
      clusterId,
      brokerKind: 'EMBEDDED',
      bootstrapServers: penstock.bootstrapServers,
      version,
      dataDir: penstock.dataDir,
      durability: 'fsync',
      processes: [],
      workers: [],
    });
  });

  test('shows where Redis is looked for without its password, and what to do', async () => {
    const { redis } = (await system()) as { redis: { url: string; help: string } };
    expect(redis).toMatchObject({ connected: false });
    expect(redis.url).toContain('127.0.0.1:1');
    expect(redis.url).not.toContain('secret');
    expect(redis.help).toContain('redis-server');
  });

  test('answers while the broker does not, without what only the broker knows', async () => {
    await penstock.stop('broker');
    const without = await eventually(async () => {
      const answer = await system();
      return answer['clusterId'] === null && answer;
    });
    expect(without['dataDir']).toBe(penstock.dataDir);
    await penstock.start('broker');
    await eventually(async () => typeof (await system())['clusterId'] === 'string');
  });
});
