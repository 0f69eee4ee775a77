import { createServer } from 'node:net';
import { once } from 'node:events';
import { TestBroker } from '@penstock/testing';
import { loadConfig } from '@penstock/platform/process';
import { expect, test } from 'vitest';
import { startProblem } from './start-problem.ts';

test('a port in use, a folder in use and a wrong setting each say in one line what to do', async () => {
  await using broker = await TestBroker.start();
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };

  const listener = { name: 'PLAINTEXT', hosts: ['127.0.0.1'], advertisedHost: 'localhost' };
  const portInUse = await problemOf(() => TestBroker.start({ listeners: [{ ...listener, port }] }));
  expect(portInUse).toBe(
    `Port ${port} is in use on 127.0.0.1. Stop what listens there, or set PENSTOCK_KAFKA_PORT.`,
  );
  const { logDirectory } = broker.broker.context;
  expect(await problemOf(() => TestBroker.start({ logDirectory }))).toMatch(
    /^another process is using .*\. Stop that process, or set PENSTOCK_DATA_DIR/,
  );
  expect(await problemOf(() => loadConfig({ PENSTOCK_HTTP_PORT: 'eighty' }))).toMatch(
    /^PENSTOCK_HTTP_PORT="eighty"/,
  );
  const settings = loadConfig({ KAFKA_NUM_PARTITIONS: 'many' }).broker.explicit;
  expect(await problemOf(() => TestBroker.start({ settings }))).toBe(
    'KAFKA_NUM_PARTITIONS cannot be used: Invalid value many for configuration num.partitions: Not a number of type INT',
  );
  expect(startProblem(new TypeError('a bug'))).toBeUndefined();
  taken.close();
});

async function problemOf(start: () => unknown): Promise<string | undefined> {
  try {
    await start();
  } catch (error) {
    return startProblem(error);
  }
  throw new Error('it started');
}
