import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, startPenstock, startSupervised } from '@penstock/testing';
import { httpLoad, type Length, type Measurement } from './measurement.ts';

/** What it costs to have the control plane: its start, its memory, its answers. */
export async function measureControl(length: Length): Promise<Measurement[]> {
  return [...(await startTimes()), ...(await queries(length)), ...(await residentMemory(length))];
}

const CONNECTIONS = 8;
const TOPICS = 100;
const LISTED = `{ topics(first: ${TOPICS}) { nodes { name partitionCount recordCount } } }`;

/** The list of topics, asked for as the dashboard does, by as many at once as have it open. */
async function queries({ seconds }: Length): Promise<Measurement[]> {
  await using penstock = await startPenstock({ processes: ['broker', 'api'] });
  const ingest = (topic: number) =>
    fetch(`http://127.0.0.1:${penstock.httpPort}/ingest/listed-${topic}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '1',
    });
  for (let topic = 0; topic < TOPICS; topic++) await ingest(topic);
  const { requestsPerSecond, clientShare } = await httpLoad({
    port: penstock.httpPort,
    path: '/graphql',
    contentType: 'application/json',
    body: JSON.stringify({ query: LISTED }),
    connections: CONNECTIONS,
    seconds,
  });
  return [
    {
      name: `GraphQL, list of ${TOPICS} topics`,
      value: `${Math.round(requestsPerSecond).toLocaleString('en')} queries/s`,
      how: `${CONNECTIONS} connections, client ${clientShare} % of a core`,
    },
  ];
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

/** Two minutes of work would be better; this is what a first look sees. */
const WORK_SECONDS = 15;

async function residentMemory({ seconds }: Length): Promise<Measurement[]> {
  const worked = Math.min(WORK_SECONDS, 3 * seconds);
  await using system = await startSupervised({ args: ['--demo'] });
  await delay(worked * 1000);
  const all = system
    .runningProcesses()
    .map(({ pid, command }) => ({ name: nameOf(command), megabytes: residentMegabytes(pid) }));
  const total = all.reduce((sum, each) => sum + each.megabytes, 0);
  const how = `${worked} s after ready, with --demo`;
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
