import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const FIRST_PORT = 20_000;
const PORTS_PER_WORKER = 3_000;
const WORKERS = 4;

const given = new Set<number>();

/**
 * A TCP port that is free on every loopback address now and that nobody else is given: not by an
 * earlier call, nor to a test file that runs at the same time, whose worker has ports of its own.
 * A port is listened on only seconds after it was asked for.
 *
 * It is taken from below the range that the kernel hands out to outgoing connections, so that a
 * server which is killed and started again on the same port does not find it taken by a client.
 */
export async function freePort(): Promise<number> {
  const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % WORKERS;
  const first = FIRST_PORT + worker * PORTS_PER_WORKER;
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(first, first + PORTS_PER_WORKER);
    if (given.has(port)) continue;
    given.add(port);
    if ((await isFree(port, '127.0.0.1')) && (await isFree(port, '::1'))) return port;
  }
  throw new Error(`no free port from ${first} to ${first + PORTS_PER_WORKER} in 100 tries`);
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      // A machine without IPv6 has no ::1 to collide on.
      resolve(error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT');
    });
    server.listen({ port, host }, () => server.close(() => resolve(true)));
  });
}
