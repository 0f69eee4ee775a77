import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { Ledger, type Penstock } from '@penstock/testing';
import { expect, test } from 'vitest';
import { auditTopic } from './audit.ts';
import { createTopic, residentBytes, startBroker } from './broker.ts';
import { acknowledgedMore } from './progress.ts';
import { report } from './settings.ts';
import { WireProducer } from './wire-producer.ts';

const MIB = 1024 * 1024;
const ATTACKERS = 50;

async function attacker(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  return socket;
}

/**
 * Sends each of these many times beside a producer; gives how much the process grew at most, bytes.
 */
async function attack(penstock: Penstock, ledger: Ledger, frames: readonly Buffer[]) {
  const { kafkaPort: port } = penstock;
  await createTopic(port, 1);
  await using producer = new WireProducer({ port, ledger, name: 'steady', partition: 0 }).start();
  await acknowledgedMore(ledger, 500);
  const before = residentBytes(penstock.pid('broker'));
  let most = before;
  let closed = 0;
  for (const frame of frames) {
    const sockets = await Promise.all(Array.from({ length: ATTACKERS }, () => attacker(port)));
    for (const socket of sockets) {
      socket.once('close', () => closed++);
      socket.write(frame);
    }
    // Once later records are acknowledged, the broker has read what was sent before them.
    await acknowledgedMore(ledger, 200);
    most = Math.max(most, residentBytes(penstock.pid('broker')));
    for (const socket of sockets) socket.destroy();
  }
  await acknowledgedMore(ledger, 100);
  await producer.stop();
  expect(producer.errors.size).toBe(0);
  const { lost } = await auditTopic(penstock, 1, ledger);
  return { grownBytes: most - before, closed, lost };
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

/** A frame of this API and version, with a header of the old kind, whose body is what is given. */
function frame(apiKey: number, version: number, body: Buffer): Buffer {
  const header = Buffer.alloc(10);
  header.writeInt16BE(apiKey, 0);
  header.writeInt16BE(version, 2);
  header.writeInt32BE(1, 4);
  header.writeInt16BE(-1, 8);
  return Buffer.concat([int32(header.length + body.length), header, body]);
}

test('fault 26: frames of impossible length cost a connection and no memory', async () => {
  const lengths = [0x7fffffff, 0x80000000, 0xffffffff, 0, 1, 2, 3, 4, 5, 6, 7, 100 * MIB + 1];
  const frames = lengths.map((length) => Buffer.concat([int32(length), Buffer.alloc(64, 1)]));
  // Announced within the limit, and never sent.
  frames.push(Buffer.concat([int32(100 * MIB), Buffer.alloc(64)]));
  await using penstock = await startBroker();
  const { grownBytes, closed, lost } = await attack(penstock, new Ledger(), frames);
  expect(closed).toBeGreaterThanOrEqual(4 * ATTACKERS);
  expect(grownBytes).toBeLessThan(96 * MIB);
  report(26, {
    frames: frames.length * ATTACKERS,
    closed,
    lost,
    'grown MB': Math.round(grownBytes / MIB),
  });
});

test('fault 27: small requests that announce much are bounded by what they carry', async () => {
  const tags = Buffer.alloc(2 * 200_000, 0);
  for (let at = 0; at < tags.length; at += 2) tags[at] = (at / 2) & 0x7f;
  const frames = [
    // Metadata, Produce, Fetch, DeleteTopics, DescribeGroups with arrays of 2^31 - 1.
    ...[3, 0, 1, 20, 15].map((key) =>
      frame(
        key,
        key === 0 ? 3 : key === 1 ? 4 : 1,
        Buffer.concat([Buffer.alloc(6, 0xff), int32(0x7fffffff)]),
      ),
    ),
    frame(3, 1, int32(0x7fffffff)),
    // ApiVersions 3 with a header of many tagged fields, and with varints that do not end.
    frame(18, 3, Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]), tags])),
    frame(18, 3, Buffer.alloc(100, 0xff)),
    frame(3, 9, Buffer.concat([Buffer.from([0]), Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f])])),
  ];
  await using penstock = await startBroker();
  const { grownBytes, closed, lost } = await attack(penstock, new Ledger(), frames);
  const sent = frames.reduce((sum, { length }) => sum + length, 0) * ATTACKERS;
  expect(grownBytes).toBeLessThan(96 * MIB + 2 * sent);
  report(27, {
    frames: frames.length * ATTACKERS,
    closed,
    lost,
    'grown MB': Math.round(grownBytes / MIB),
  });
});
