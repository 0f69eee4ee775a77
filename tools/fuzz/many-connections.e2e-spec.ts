import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually } from '@penstock/testing';
import { expect, test } from 'vitest';
import { BrokerUnderAttack } from './broker-under-attack.ts';
import { Canary } from './canary.ts';
import type { Figures } from './broker-process.ts';

const MIB = 1024 * 1024;
const CONNECTIONS = 5_000;
/** A silent connection costs at most this, all its objects counted. */
const BYTES_PER_CONNECTION_MAX = 22 * 1024;

test('thousands of silent connections, then with half a request each, cost little', async () => {
  let figures: Figures | undefined;
  const problems: string[] = [];
  const broker = await BrokerUnderAttack.start({
    durability: 'os',
    onFigures: (now) => (figures = now),
    onError: (text) => problems.push(text),
    onDeath: (text) => problems.push(text),
  });
  const canary = new Canary(broker.port, (text) => problems.push(text));
  const sockets: Socket[] = [];
  try {
    await canary.start();
    // What the first requests compile and allocate is not what connections cost.
    await eventually(() => canary.read > 10);
    const before = await residentBytes(broker, () => figures);
    while (sockets.length < CONNECTIONS) {
      const opened = Array.from({ length: 100 }, () => open(broker.port));
      sockets.push(...(await Promise.all(opened)));
    }
    await eventually(() => (figures?.connections ?? 0) >= CONNECTIONS);
    const silent = await residentBytes(broker, () => figures);
    expect((silent - before) / CONNECTIONS).toBeLessThan(BYTES_PER_CONNECTION_MAX);

    // A length of 50 MB, and a thousand bytes of it.
    const begun = Buffer.alloc(1_004);
    begun.writeInt32BE(50 * MIB);
    await Promise.all(sockets.map((socket) => sent(socket, begun)));
    // Once later records are acknowledged, the broker has read what was sent before them.
    const { acknowledged } = canary;
    await eventually(() => canary.acknowledged > acknowledged + 20);
    const half = await residentBytes(broker, () => figures);
    expect(half - silent).toBeLessThan(CONNECTIONS * 4_096 + 48 * MIB);
  } finally {
    for (const socket of sockets) socket.destroy();
    await canary.stop();
    await broker.stop();
  }
  expect(problems).toEqual([]);
  expect(canary.acknowledged).toBeGreaterThan(10);
}, 60_000);

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

function sent(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => socket.write(bytes, () => resolve()));
}

/** Without what can be collected, as the process reports it a moment later. */
async function residentBytes(
  broker: BrokerUnderAttack,
  figures: () => Figures | undefined,
): Promise<number> {
  await broker.heapAfterCollection();
  const requests = figures()?.requestsTotal ?? 0;
  await eventually(() => (figures()?.requestsTotal ?? 0) > requests);
  return figures()?.residentBytes ?? 0;
}
