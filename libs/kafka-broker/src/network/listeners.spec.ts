import { createServer } from 'node:net';
import { once } from 'node:events';
import { ApiKeys } from '@penstock/kafka-protocol';
import { TestBroker, WireClient } from '@penstock/testing';
import { expect, test } from 'vitest';

const LOOPBACK = ['127.0.0.1', '::1'];

/** What a client of this listener is told by the three APIs that tell it. */
async function told(port: number): Promise<string[]> {
  await using client = await WireClient.connect(port);
  const metadata = await client.send(ApiKeys.Metadata, 9, {
    topics: [],
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  const coordinator = await client.send(ApiKeys.FindCoordinator, 4, {
    key: '',
    keyType: 0,
    coordinatorKeys: ['group'],
  });
  const cluster = await client.send(ApiKeys.DescribeCluster, 1, {
    includeClusterAuthorizedOperations: false,
    endpointType: 1,
    includeFencedBrokers: false,
  });
  return [metadata.brokers[0], coordinator.coordinators[0], cluster.brokers[0]].map(
    (node) => `${node?.host}:${node?.port}`,
  );
}

test('clients of each listener are told the address of theirs', async () => {
  await using broker = await TestBroker.start({
    listeners: [
      { name: 'INSIDE', hosts: LOOPBACK, port: 0, advertisedHost: 'kafka', advertisedPort: 19092 },
      { name: 'OUTSIDE', hosts: LOOPBACK, port: 0, advertisedHost: 'localhost' },
      { name: 'OWN', hosts: LOOPBACK, port: 0, advertisedHost: '127.0.0.1', isInternal: true },
    ],
  });
  const [inside, outside, own] = broker.broker.listeners.map(({ port }) => port);
  expect(await told(inside!)).toEqual(Array(3).fill('kafka:19092'));
  expect(await told(outside!)).toEqual(Array(3).fill(`localhost:${outside}`));
  expect(await told(own!)).toEqual(Array(3).fill(`127.0.0.1:${own}`));
  expect(broker.broker.context.configs.value('listeners')).toBe(
    `INSIDE://127.0.0.1:${inside},OUTSIDE://127.0.0.1:${outside}`,
  );
  expect(broker.broker.context.configs.value('advertised.listeners')).toBe(
    `INSIDE://kafka:19092,OUTSIDE://localhost:${outside}`,
  );
});

test('limits on connections are those of clients; our own processes come in beside them', async () => {
  await using broker = await TestBroker.start({
    listeners: [
      { name: 'PLAINTEXT', hosts: LOOPBACK, port: 0, advertisedHost: 'localhost' },
      { name: 'OWN', hosts: LOOPBACK, port: 0, advertisedHost: '127.0.0.1', isInternal: true },
    ],
    settings: { 'max.connections.per.ip': '1', 'max.connections': '1' },
  });
  const [clients, own] = broker.broker.listeners.map(({ port }) => port);
  await using first = await WireClient.connect(own!);
  await using second = await WireClient.connect(own!);
  for (const process of [first, second]) {
    await process.send(ApiKeys.ApiVersions, 0, {
      clientSoftwareName: '',
      clientSoftwareVersion: '',
    });
  }
  expect(await told(clients!)).toHaveLength(3);
});

test('a listener has limits of its own', async () => {
  await using broker = await TestBroker.start({
    listeners: [
      { name: 'INSIDE', hosts: LOOPBACK, port: 0, advertisedHost: 'kafka' },
      { name: 'OUTSIDE', hosts: LOOPBACK, port: 0, advertisedHost: 'localhost' },
    ],
    settings: { 'listener.name.outside.max.connections': '1' },
  });
  const [inside, outside] = broker.broker.listeners.map(({ port }) => port);
  const first = await WireClient.connect(outside!);
  await using waiting = await WireClient.connect(outside!);
  const versions = { clientSoftwareName: '', clientSoftwareVersion: '' };
  let isAnswered = false;
  const answer = waiting.send(ApiKeys.ApiVersions, 0, versions).then(() => (isAnswered = true));
  await first.send(ApiKeys.ApiVersions, 0, versions);
  expect(await told(inside!)).toHaveLength(3);
  expect(isAnswered).toBe(false);
  await first[Symbol.asyncDispose]();
  await answer;
});

test('a port of the last run is taken again when it is free, and left when it is not', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port: preferredPort } = taken.address() as { port: number };
  const listeners = [
    { name: 'PLAINTEXT', hosts: LOOPBACK, port: 0, preferredPort, advertisedHost: 'localhost' },
  ] as const;
  {
    await using elsewhere = await TestBroker.start({ listeners: [...listeners] });
    expect(elsewhere.port).not.toBe(preferredPort);
  }
  taken.close();
  await once(taken, 'close');
  await using again = await TestBroker.start({ listeners: [...listeners] });
  expect(again.port).toBe(preferredPort);
});

test('another program on one of the addresses stops the start: localhost would reach that one', async () => {
  const other = createServer().listen(0, '::1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const listeners = [
    { name: 'PLAINTEXT', hosts: LOOPBACK, port, advertisedHost: 'localhost' },
  ] as const;
  await expect(TestBroker.start({ listeners: [...listeners] })).rejects.toThrow(/EADDRINUSE.*::1/);
  other.close();
});
