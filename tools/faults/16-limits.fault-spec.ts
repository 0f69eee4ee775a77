import { connect, type Socket } from 'node:net';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ApiKeys } from '@penstock/kafka-protocol';
import { eventually, externalTool, Ledger, WireClient } from '@penstock/testing';
import { expect, test } from 'vitest';
import { auditTopic } from './audit.ts';
import { createTopic, startBroker } from './broker.ts';
import { produceSome } from './loads.ts';
import { report } from './settings.ts';
import { WireProducer } from './wire-producer.ts';

const hasPrlimit = externalTool('prlimit') !== undefined;
const FILES = 128;
const PARTITIONS = 500;
const SOCKETS = 300;

test.skipIf(!hasPrlimit)(
  'fault 16: with few files to open, what is connected is served on',
  async () => {
    await using penstock = await startBroker({
      command: (_name, words) => ['prlimit', `--nofile=${FILES}`, ...words],
    });
    const { kafkaPort: port } = penstock;
    const ledger = new Ledger();
    await createTopic(port, PARTITIONS);
    await using producer = new WireProducer({ port, ledger, name: 'steady', partition: 0 }).start();
    await produceSome(penstock, ledger, { partitions: PARTITIONS, records: 10, atOnce: 20 });
    const sockets = Array.from({ length: SOCKETS }, () => openSocket(port));
    await eventually(() => sockets.filter(({ connecting }) => !connecting).length > 50);
    const before = ledger.acknowledged.length;
    await eventually(() => ledger.acknowledged.length > before + 200, {
      deadlineMs: 20_000,
      what: 'records of a connected producer while no more files can be opened',
    });
    for (const socket of sockets) socket.destroy();
    await eventually(async () => {
      await using client = await WireClient.connect(port);
      const answer = await client.send(ApiKeys.ApiVersions, 3, {
        clientSoftwareName: 'test',
        clientSoftwareVersion: '1',
      });
      return answer.errorCode === 0;
    });
    await producer.stop();
    expect([...producer.errors]).toEqual([]);
    const { acknowledged, lost } = await auditTopic(penstock, PARTITIONS, ledger);
    report(16, {
      files: FILES,
      partitions: PARTITIONS,
      sockets: SOCKETS,
      acked: acknowledged,
      lost,
    });
  },
);

function openSocket(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  return socket;
}

test('fault 17: a second process on the same data refuses to start, and writes nothing', async () => {
  const ledger = new Ledger();
  await using first = await startBroker();
  await createTopic(first.kafkaPort, 1);
  await produceSome(first, ledger, { partitions: 1, records: 50 });
  const before = contents(first.dataDir);
  for (const state of ['running', 'stopped'] as const) {
    if (state === 'stopped') process.kill(first.pid('broker'), 'SIGSTOP');
    await using second = await startBroker({ processes: [], dataDir: first.dataDir });
    await expect(second.start('broker')).rejects.toThrow('ended: {"code":1');
    await second.ended('broker');
    expect(second.logs('broker')).toMatch(/another process is using .*Stop that process/);
    if (state === 'stopped') process.kill(first.pid('broker'), 'SIGCONT');
  }
  expect(contents(first.dataDir)).toEqual(before);
  await produceSome(first, ledger, { partitions: 1, records: 50 });
  const { acknowledged, lost } = await auditTopic(first, 1, ledger);
  report(17, { refusals: 2, acked: acknowledged, lost });
});

/** Sizes of all files of the log. */
function contents(dataDir: string): Record<string, number> {
  const names = readdirSync(join(dataDir, 'log'), { recursive: true }) as string[];
  return Object.fromEntries(names.map((name) => [name, statSync(join(dataDir, 'log', name)).size]));
}
