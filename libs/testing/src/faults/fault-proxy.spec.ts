import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { FaultProxy, type ProxyFaults } from './fault-proxy.ts';

const PAYLOAD = Buffer.from(Array.from({ length: 50_000 }, (_, index) => index % 251));

test.each<[string, ProxyFaults]>([
  ['untouched', {}],
  ['in small pieces', { pieceBytesMax: 700 }],
  ['late', { delayMs: 5, jitterMs: 10, pieceBytesMax: 20_000 }],
])('bytes come through %s, in order, and so does the end', async (_, faults) => {
  await using echo = await echoServer();
  await using proxy = await FaultProxy.start({ upstreamPort: echo.port, seed: 7, faults });
  const client = connect(proxy.port, '127.0.0.1');
  client.end(PAYLOAD);
  const received: Buffer[] = [];
  for await (const chunk of client) received.push(chunk as Buffer);
  expect(Buffer.concat(received).equals(PAYLOAD)).toBe(true);
  expect(proxy.resetsTotal).toBe(0);
});

test('a lost piece resets both sides', async () => {
  await using echo = await echoServer();
  const faults = { resetProbability: 1 };
  await using proxy = await FaultProxy.start({ upstreamPort: echo.port, faults });
  const client = connect(proxy.port, '127.0.0.1');
  client.write('lost');
  const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
  expect(proxy.resetsTotal).toBe(1);
  await expect.poll(() => echo.sockets.size).toBe(0);
});

test('a stalled link passes nothing until it goes on', async () => {
  await using echo = await echoServer();
  const faults = { isStalled: true };
  await using proxy = await FaultProxy.start({ upstreamPort: echo.port, faults });
  const client = connect(proxy.port, '127.0.0.1');
  const answer = once(client, 'data');
  client.write('later');
  await expect.poll(() => echo.sockets.size).toBe(1);
  expect(echo.bytes).toBe(0);
  proxy.faults = {};
  expect(String((await answer)[0])).toBe('later');
  client.destroy();
});

async function echoServer() {
  const sockets = new Set<Socket>();
  const state = { port: 0, bytes: 0, sockets };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      state.bytes += chunk.length;
      socket.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  state.port = (server.address() as AddressInfo).port;
  return Object.assign(state, {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
