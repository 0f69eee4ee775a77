import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ApiKeys, encodeRequest, ZERO_UUID } from '@penstock/kafka-protocol';
import { Ledger } from '@penstock/testing';
import { expect, test } from 'vitest';
import { auditTopic } from './audit.ts';
import { createTopic, residentBytes, startBroker, TOPIC } from './broker.ts';
import { produceSome } from './loads.ts';
import { acknowledgedMore } from './progress.ts';
import { report, rounds } from './settings.ts';
import { WireProducer } from './wire-producer.ts';

const MIB = 1024 * 1024;

function open(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  return socket.on('error', () => undefined);
}

test('fault 31: thousands of silent, dripping and half-open connections leave others alone', async () => {
  const count = rounds(1_500, 5_000);
  const ledger = new Ledger();
  await using penstock = await startBroker();
  const { kafkaPort: port } = penstock;
  await createTopic(port, 1);
  await using producer = new WireProducer({ port, ledger, name: 'steady', partition: 0 }).start();
  await acknowledgedMore(ledger, 200);
  const before = residentBytes(penstock.pid('broker'));
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i++) {
    const socket = open(port);
    sockets.push(socket);
    if (i % 50 === 49) await once(socket, 'connect');
  }
  const starved = ledger.acknowledged.length;
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 100]), Buffer.alloc(96)]);
  for (let drop = 0; drop < 5; drop++) {
    sockets.forEach((socket, index) => {
      // A third sends nothing, a third sends byte by byte, and a third stops sending and waits.
      if (index % 3 === 1) socket.write(frame.subarray(drop, drop + 1));
      if (index % 3 === 2 && drop === 0) socket.end();
    });
    await acknowledgedMore(ledger, 500);
  }
  const served = ledger.acknowledged.length - starved;
  const grown = residentBytes(penstock.pid('broker')) - before;
  for (const socket of sockets) socket.destroy();
  await producer.stop();
  expect(producer.errors.size).toBe(0);
  expect(grown).toBeLessThan(32 * 1024 * count + 64 * MIB);
  const { lost } = await auditTopic(penstock, 1, ledger);
  report(31, {
    connections: count,
    'acked meanwhile': served,
    lost,
    'grown MB': Math.round(grown / MIB),
  });
});

test('fault 32: consumers that ask for much and do not read cost bounded memory', async () => {
  const count = rounds(50, 200);
  const ledger = new Ledger(20_000);
  await using penstock = await startBroker();
  const { kafkaPort: port } = penstock;
  await createTopic(port, 1);
  await produceSome(penstock, ledger, { partitions: 1, records: 2_500 });
  const before = residentBytes(penstock.pid('broker'));
  const body = {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 50 * MIB,
    isolationLevel: 0,
    sessionId: 0,
    rackId: '',
    topics: [
      {
        topic: TOPIC,
        topicId: ZERO_UUID,
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 50 * MIB }],
      },
    ],
  };
  const sockets = Array.from({ length: count }, () => open(port).pause());
  for (const socket of sockets) {
    for (let id = 1; id <= 3; id++) {
      const header = { correlationId: id, clientId: 'slow' };
      for (const chunk of encodeRequest(ApiKeys.Fetch, 12, header, body)) socket.write(chunk);
    }
  }
  let most = 0;
  await using producer = new WireProducer({
    port,
    ledger,
    name: 'steady',
    partition: 0,
    pauseMs: 20,
  }).start();
  for (let sample = 0; sample < 20; sample++) {
    await acknowledgedMore(ledger, 50);
    most = Math.max(most, residentBytes(penstock.pid('broker')));
  }
  await producer.stop();
  for (const socket of sockets) socket.destroy();
  const asked = count * 50;
  const grown = Math.round((most - before) / MIB);
  report(32, {
    consumers: count,
    'asked for MB': asked,
    'grown MB': grown,
    acked: ledger.acknowledged.length,
  });
  expect(grown).toBeLessThan(512);
  await auditTopic(penstock, 1, ledger);
});
