// What is measured, on which floor, and how. The client is always a process of its own.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import {
  eventually,
  repositoryRoot,
  run,
  startPenstock,
  startSupervised,
  type Penstock,
} from '@penstock/testing';

export interface Measurement {
  name: string;
  value: string;
  /** What it must at least be, in words. */
  floor?: string;
  met?: boolean;
  how: string;
}

export const benchmarks: Record<string, () => Promise<Measurement[]>> = {
  start: startTimes,
  kafka: kafkaThroughput,
  ingest: ingestThroughput,
  memory: residentMemory,
};

const PARTITIONS = 6;
/** Kafka's own default for a producer's batch. */
const BATCH_BYTES = 16 * 1024;
const SECONDS = 5;

async function client<T>(script: string, load: object): Promise<T> {
  const file = join(repositoryRoot, 'tools', 'bench', script);
  const args = ['--conditions=source', file, JSON.stringify(load)];
  const { stdout } = await run(process.execPath, args, { deadlineMs: 120_000 });
  return JSON.parse(stdout) as T;
}

interface KafkaResult {
  records: number;
  bytes: number;
  seconds: number;
  cpuSeconds: number;
}

async function kafkaThroughput(): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for (const durability of ['os', 'fsync']) {
    await using penstock = await startPenstock({
      processes: ['broker'],
      env: { KAFKA_NUM_PARTITIONS: String(PARTITIONS), PENSTOCK_DURABILITY: durability },
    });
    for (const recordBytes of [100, 1024]) {
      const produced = await kafkaLoad(penstock, 'produce', recordBytes);
      const floor = durability === 'os' && recordBytes === 1024 ? 100 : undefined;
      measured.push(megabytes(`produce ${sizeText(recordBytes)}, ${durability}`, produced, floor));
      if (durability === 'fsync') continue;
      const fetched = await kafkaLoad(penstock, 'fetch', recordBytes);
      measured.push(megabytes(`fetch ${sizeText(recordBytes)}`, fetched));
    }
  }
  return measured;
}

async function kafkaLoad(
  penstock: Penstock,
  mode: 'produce' | 'fetch',
  recordBytes: number,
): Promise<KafkaResult> {
  const topic = `bench-${recordBytes}`;
  if (mode === 'produce') await createTopic(penstock, topic);
  const load = { mode, topic, recordBytes, partitions: PARTITIONS, batchBytes: BATCH_BYTES };
  return client<KafkaResult>('kafka-load.ts', {
    ...load,
    port: penstock.kafkaPort,
    seconds: SECONDS,
    acks: -1,
  });
}

/**
 * By one record of a client that asks for metadata first, so that the topic is made as any other.
 */
async function createTopic(penstock: Penstock, topic: string): Promise<void> {
  const { Admin } = await import('@platformatic/kafka');
  const admin = new Admin({
    clientId: 'bench',
    bootstrapBrokers: [penstock.bootstrapServers],
  });
  await admin.createTopics({ topics: [topic], partitions: PARTITIONS, replicas: 1 });
  await admin.close();
}

function megabytes(name: string, result: KafkaResult, floor?: number): Measurement {
  const rate = result.bytes / 1e6 / result.seconds;
  const records = Math.round(result.records / result.seconds);
  const clientShare = Math.round((100 * result.cpuSeconds) / result.seconds);
  return {
    name,
    value: `${rate.toFixed(0)} MB/s, ${records.toLocaleString('en')} records/s`,
    ...(floor === undefined ? {} : { floor: `${floor} MB/s`, met: rate >= floor }),
    how: `acks=all, ${PARTITIONS} partitions, 16 KiB batches, 5 in flight, client ${clientShare} % of a core`,
  };
}

const sizeText = (bytes: number) => (bytes === 1024 ? '1 KiB' : `${bytes} B`);

async function ingestThroughput(): Promise<Measurement[]> {
  await using penstock = await startPenstock({ processes: ['broker', 'api'] });
  const measured: Measurement[] = [];
  const value = JSON.stringify({
    id: 'x'.repeat(36),
    at: 1_700_000_000_000,
    value: 12.5,
    ok: true,
  });
  for (const perRequest of [1, 100]) {
    const load = {
      port: penstock.httpPort,
      path: `/ingest/bench-${perRequest}`,
      contentType: perRequest === 1 ? 'application/json' : 'application/x-ndjson',
      body: Array.from({ length: perRequest }, () => value).join('\n'),
      connections: 16,
    };
    // The first requests make the topic and warm the code up.
    await client('http-load.ts', { ...load, seconds: 2 });
    const result = await client<{ requests: number; seconds: number; cpuSeconds: number }>(
      'http-load.ts',
      { ...load, seconds: SECONDS },
    );
    const rate = Math.round((result.requests * perRequest) / result.seconds);
    const clientShare = Math.round((100 * result.cpuSeconds) / result.seconds);
    measured.push({
      name: `REST ingest, ${perRequest} per request`,
      value: `${rate.toLocaleString('en')} records/s`,
      ...(perRequest === 100 ? { floor: '50,000 records/s', met: rate >= 50_000 } : {}),
      how: `${value.length} B values, 16 connections, fsync, client ${clientShare} % of a core`,
    });
  }
  return measured;
}

const STARTS = 3;

async function startTimes(): Promise<Measurement[]> {
  const portOpen: number[] = [];
  const ready: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    const startedAt = performance.now();
    await using system = await startSupervised({ waitForReady: false });
    await eventually(() => isOpen(system.kafkaPort), { deadlineMs: 30_000, intervalMs: 5 });
    portOpen.push(performance.now() - startedAt);
    await eventually(() => /ready.*http:/.test(system.output), {
      deadlineMs: 60_000,
      intervalMs: 5,
    });
    ready.push(performance.now() - startedAt);
    await system.stop();
  }
  const seconds = (values: number[]) => (median(values) / 1000).toFixed(2);
  const how = `median of ${STARTS} starts with everything built, empty data folder`;
  return [
    {
      name: 'start to broker port open',
      value: `${seconds(portOpen)} s`,
      floor: '1 s',
      met: median(portOpen) <= 1000,
      how,
    },
    { name: 'start to ready', value: `${seconds(ready)} s`, how },
  ];
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}

async function residentMemory(): Promise<Measurement[]> {
  await using system = await startSupervised({ args: ['--demo'] });
  // Two minutes of work would be better; this is what a first look sees.
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  const all = system
    .runningProcesses()
    .map(({ pid, command }) => ({ name: nameOf(command), megabytes: residentMegabytes(pid) }));
  const total = all.reduce((sum, each) => sum + each.megabytes, 0);
  const how = '15 s after ready, with --demo';
  return [
    ...all
      .filter((each) => each.megabytes >= 2)
      .map((each) => ({
        name: `resident memory, ${each.name}`,
        value: `${each.megabytes.toFixed(0)} MB`,
        how,
      })),
    {
      name: 'resident memory, all',
      value: `${total.toFixed(0)} MB`,
      floor: '700 MB',
      met: total < 700,
      how,
    },
  ];
}

function nameOf(command: string): string {
  const app = /apps\/(\w+)\//.exec(command)?.[1];
  if (app !== undefined) return app;
  if (command.includes('start.mjs')) return 'supervisor';
  return command.startsWith('redis-server') ? 'redis' : command.split(' ')[0]!;
}

function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024) / 1e6;
}
