import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  ApiKeys,
  encodeRecordBatch,
  encodeRequest,
  ErrorCodes,
  FrameSplitter,
  ZERO_UUID,
} from '@penstock/kafka-protocol';
import { FakeClock, TestBroker, WireClient } from '@penstock/testing';
import { expect, test } from 'vitest';

/** Clients that are silent, slow, greedy, many or gone, over real sockets. */

test('more than max.connections.per.ip are closed at once, and counted', async () => {
  const settings = { 'max.connections.per.ip': '2' };
  await using broker = await TestBroker.start({ settings });
  await using first = await WireClient.connect(broker.port);
  await using second = await WireClient.connect(broker.port);
  await using third = await WireClient.connect(broker.port);
  await third.closed();
  expect(broker.broker.context.metrics.connectionsRefusedTotal).toBe(1);
  await asked(first);
  await asked(second);
});

test('at max.connections a client waits until another one leaves', async () => {
  await using broker = await TestBroker.start({ settings: { 'max.connections': '1' } });
  const first = await WireClient.connect(broker.port);
  await asked(first);
  await using second = await WireClient.connect(broker.port);
  let isAnswered = false;
  const answer = asked(second).then(() => (isAnswered = true));
  await asked(first);
  await asked(first);
  expect(isAnswered).toBe(false);
  await first[Symbol.asyncDispose]();
  await answer;
});

test('connections are made at max.connection.creation.rate, the others wait', async () => {
  await using broker = await TestBroker.start({
    settings: { 'max.connection.creation.rate': '10' },
  });
  const start = performance.now();
  const clients = await Promise.all(
    Array.from({ length: 13 }, () => WireClient.connect(broker.port)),
  );
  await Promise.all(clients.map(asked));
  expect(performance.now() - start).toBeGreaterThan(200);
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
});

test('silent, idle and too slow connections are closed; a slow one that gets on is not', async () => {
  const clock = new FakeClock(Date.now());
  await using broker = await TestBroker.start({
    clock,
    settings: { 'connections.max.idle.ms': '600' },
    connectionBounds: { firstByteMs: 200, progressMs: 800 },
  });
  await using witness = await WireClient.connect(broker.port);
  await using idle = await WireClient.connect(broker.port);
  await asked(idle);
  const silent = (await opened(broker.port)).resume();
  const slow = (await opened(broker.port)).resume();
  const steady = await opened(broker.port);
  const start = clock.now();
  const closedAfter = new Map<string, number>();
  const note = (who: string) => closedAfter.set(who, clock.now() - start);
  void idle.closed().then(() => note('idle'));
  silent.once('close', () => note('silent'));
  slow.once('close', () => note('slow'));
  let isAnswered = false;
  steady.once('data', () => (isAnswered = true));
  const batch = encodeRecordBatch({
    records: [{ timestamp: clock.now(), value: Buffer.alloc(600_000) }],
  });
  const request = produceRequest('nowhere', batch, -1);
  slow.write(request.subarray(0, 100));
  for (let step = 0; step < 200 && !(isAnswered && closedAfter.size === 3); step++) {
    slow.write(Buffer.alloc(1));
    steady.write(request.subarray(step * 20_000, (step + 1) * 20_000));
    // When this is answered, the bytes sent before it have been taken up.
    await asked(witness);
    await clock.advance(50);
  }
  expect(isAnswered).toBe(true);
  expect(closedAfter.get('silent')).toBeGreaterThanOrEqual(200);
  expect(closedAfter.get('idle')).toBeGreaterThanOrEqual(600);
  expect(closedAfter.get('slow')).toBeGreaterThanOrEqual(800);
  steady.destroy();
});

test('a client that has closed its sending side gets the answers to what it sent', async () => {
  await using broker = await TestBroker.start({ durability: 'fsync' });
  await topic(broker.port, 'half');
  const socket = await opened(broker.port);
  const requests = Array.from({ length: 20 }, () => produceRequest('half', oneRecord(), -1));
  const parked = fetchRequest('half', 20, { maxWaitMs: 2 ** 31 - 1, minBytes: 1 });
  socket.end(Buffer.concat([...requests, parked]));
  // Nobody waits for a Fetch whose client says no more: this one would wait for weeks.
  expect(await framesOf(socket)).toHaveLength(21);
});

test('resets in the middle of everything leave nothing behind', async () => {
  await using broker = await TestBroker.start({ durability: 'fsync' });
  await topic(broker.port, 'gone');
  const { metrics, parkedFetches, fetchBuffers } = broker.broker.context;
  const join = Buffer.concat(
    encodeRequest(ApiKeys.JoinGroup, 3, HEADER, {
      groupId: 'gone',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.alloc(3) }],
    }),
  );
  const sent = [
    produceRequest('gone', oneRecord(), -1),
    fetchRequest('gone', 0, { maxWaitMs: 60_000, minBytes: 1_000_000 }),
    join,
    produceRequest('gone', oneRecord(), -1).subarray(0, 50),
    Buffer.from([0, 0]),
    Buffer.alloc(0),
  ];
  for (let round = 0; round < 5; round += 1) {
    for (const bytes of sent) {
      const socket = await opened(broker.port);
      socket.write(bytes, () => socket.resetAndDestroy());
    }
  }
  await expect.poll(() => [metrics.connections, parkedFetches.size]).toEqual([0, 0]);
  expect(fetchBuffers.lentBytes).toBe(0);
  await using client = await WireClient.connect(broker.port);
  await asked(client);
});

test('clients that do not read make answers smaller, are closed, and give the memory back', async () => {
  await using broker = await TestBroker.start({
    connectionBounds: { unsentBytesMax: 8 * MIB, stalledMs: 200 },
    settings: { 'message.max.bytes': '20000000' },
  });
  await topic(broker.port, 'greedy');
  await using producer = await WireClient.connect(broker.port);
  for (let index = 0; index < 40; index += 1) await produce(producer, 'greedy', MIB);
  const { fetchBuffers } = broker.broker.context;
  const greedy = await Promise.all(Array.from({ length: 40 }, () => opened(broker.port)));
  const closed = greedy.map(ended);
  for (const socket of greedy) {
    socket.pause();
    socket.write(fetchRequest('greedy', 0, { maxWaitMs: 0, minBytes: 1 }));
  }
  await expect.poll(() => fetchBuffers.lentBytes, { timeout: 15_000 }).toBeGreaterThan(40 * MIB);
  expect(fetchBuffers.lentBytes).toBeLessThan(200 * MIB);
  // Meanwhile the others are served.
  await produce(producer, 'greedy', 1);
  for (const socket of greedy) socket.resume();
  await expect.poll(() => fetchBuffers.lentBytes, { timeout: 15_000 }).toBe(0);
  for (const socket of greedy) socket.destroy();
  await Promise.all(closed);
}, 60_000);

test('many requests sent at once do not keep the event loop from others', async () => {
  await using broker = await TestBroker.start();
  await topic(broker.port, 'busy', 50);
  const everything = Buffer.concat(
    encodeRequest(ApiKeys.Metadata, 9, HEADER, {
      topics: null,
      includeTopicAuthorizedOperations: false,
    }),
  );
  const flood = await opened(broker.port);
  let received = 0;
  flood.on('data', (chunk) => (received += chunk.length));
  flood.write(everything);
  await expect.poll(() => received, { timeout: 15_000 }).toBeGreaterThan(1_000);
  const answerBytes = received;
  flood.write(Buffer.concat(Array.from({ length: FLOOD_REQUESTS }, () => everything)));
  await using client = await WireClient.connect(broker.port);
  for (let answered = 0; answered < 10; answered += 1) await asked(client);
  // Served in between, not behind everything that came first.
  expect(received).toBeLessThan(FLOOD_REQUESTS * answerBytes);
  flood.destroy();
}, 60_000);

const FLOOD_REQUESTS = 20_000;
const MIB = 1024 * 1024;
const HEADER = { correlationId: 1, clientId: 'bad' };

async function asked(client: WireClient): Promise<void> {
  const answer = await client.send(ApiKeys.ApiVersions, 0, {
    clientSoftwareName: '',
    clientSoftwareVersion: '',
  });
  expect(answer.errorCode).toBe(ErrorCodes.NONE);
}

async function opened(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** The end of a connection, also one by an error: who writes to what was closed is reset. */
function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** All frames that come until the broker closes. */
async function framesOf(socket: Socket): Promise<Buffer[]> {
  const splitter = new FrameSplitter(100 * MIB);
  const frames: Buffer[] = [];
  for await (const chunk of socket) frames.push(...splitter.push(chunk as Buffer));
  return frames;
}

async function topic(port: number, name: string, numPartitions = 1): Promise<void> {
  await using client = await WireClient.connect(port);
  const { topics } = await client.send(ApiKeys.CreateTopics, 7, {
    topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
    validateOnly: false,
  });
  expect(topics[0]?.errorCode).toBe(ErrorCodes.NONE);
}

function oneRecord(bytes = 3): Buffer {
  return encodeRecordBatch({ records: [{ timestamp: Date.now(), value: Buffer.alloc(bytes) }] });
}

async function produce(client: WireClient, name: string, bytes: number): Promise<void> {
  const answer = await client.send(ApiKeys.Produce, 9, {
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name, partitionData: [{ index: 0, records: oneRecord(bytes) }] }],
  });
  expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(ErrorCodes.NONE);
}

function produceRequest(name: string, records: Buffer, acks: number): Buffer {
  const topicData = [{ name, partitionData: [{ index: 0, records }] }];
  return Buffer.concat(
    encodeRequest(ApiKeys.Produce, 9, HEADER, { acks, timeoutMs: 1000, topicData }),
  );
}

function fetchRequest(
  name: string,
  fetchOffset: number,
  wait: { maxWaitMs: number; minBytes: number },
): Buffer {
  const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 50 * MIB }];
  return Buffer.concat(
    encodeRequest(ApiKeys.Fetch, 12, HEADER, {
      ...wait,
      isolationLevel: 0,
      sessionId: 0,
      rackId: '',
      topics: [{ topic: name, topicId: ZERO_UUID, partitions }],
    }),
  );
}
