import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * A TCP port that is free on every loopback address now.
 *
 * It is taken from below the range that the kernel hands out to outgoing connections, so that a
 * server which is killed and started again on the same port does not find it taken by a client.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(20_000, 32_000);
    if ((await isFree(port, '127.0.0.1')) && (await isFree(port, '::1'))) return port;
  }
  throw new Error('no free port between 20000 and 32000 in 100 tries');
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
