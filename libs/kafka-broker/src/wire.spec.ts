import { ApiKeys, decodeResponse, ErrorCodes } from '@penstock/kafka-protocol';
import { TestBroker, WireClient, metadataBody, createTopic, fetchRecords } from '@penstock/testing';
import { expect, test } from 'vitest';

/** What libraries of clients do not do: the protocol itself, over real sockets. */

test('an ApiVersions request above ours is answered in version 0 with error 35 and its own versions', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  const answer = client.nextFrame();
  // Length, key 18, version 99, correlation id 7, and a body that cannot be read.
  client.write(Buffer.from('0000000d0012006300000007ffffffffff', 'hex'));
  const { correlationId, body } = decodeResponse(ApiKeys.ApiVersions, 0, await answer);
  expect(correlationId).toBe(7);
  expect(body.errorCode).toBe(ErrorCodes.UNSUPPORTED_VERSION);
  expect(body.apiKeys).toMatchObject([{ apiKey: ApiKeys.ApiVersions, minVersion: 0 }]);
});

test('ApiVersions offers Produce from 0, for clients that look for it before they compress', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  const { apiKeys } = await client.send(ApiKeys.ApiVersions, 0, {
    clientSoftwareName: '',
    clientSoftwareVersion: '',
  });
  expect(apiKeys.find(({ apiKey }) => apiKey === ApiKeys.Produce)).toMatchObject({
    minVersion: 0,
    maxVersion: 11,
  });
});

test('ApiVersions refuses a software name that is none', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  const answer = await client.send(ApiKeys.ApiVersions, 3, {
    clientSoftwareName: '-x-',
    clientSoftwareVersion: '1',
  });
  expect(answer.errorCode).toBe(ErrorCodes.INVALID_REQUEST);
});

test.each([
  ['an unknown API', '0000000a03e700000000000100ff'],
  ['a version that is not offered', '0000000a0003006300000001ffff'],
  ['a negative length', 'ffffffff'],
  ['a length above the limit', '7fffffff'],
  ['a truncated body', '0000000a0003000100000001ffff'],
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n').toString('hex')],
])('%s closes the connection, and others go on', async (_, hex) => {
  await using broker = await TestBroker.start();
  await using other = await WireClient.connect(broker.port);
  await using client = await WireClient.connect(broker.port);
  client.write(Buffer.from(hex, 'hex'));
  await client.closed();
  const answer = await other.send(ApiKeys.Metadata, 1, metadataBody([]));
  expect(answer.brokers).toHaveLength(1);
});

test('clients reach it by IPv6 too, and are told an address that they reach', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port, '::1');
  const { brokers } = await client.send(ApiKeys.Metadata, 9, metadataBody([]));
  expect(brokers).toEqual([{ nodeId: 1, host: '127.0.0.1', port: broker.port, rack: null }]);
});

test('answers come in the order of the requests, even behind a Fetch that waits', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'waiting');
  // The client matches answers to requests by their order and checks the correlation ids.
  const start = performance.now();
  const [waited, metadata, versions] = await Promise.all([
    fetchRecords(client, 'waiting', 0, { maxWaitMs: 200, minBytes: 1 }),
    client.send(ApiKeys.Metadata, 9, metadataBody([])),
    client.send(ApiKeys.ApiVersions, 0, apiVersionsBody),
  ]);
  expect(performance.now() - start).toBeGreaterThan(150);
  expect([waited.errorCode, metadata.errorCode, versions.errorCode]).toEqual([0, 0, 0]);
});

const apiVersionsBody = { clientSoftwareName: 'test', clientSoftwareVersion: '1' };
