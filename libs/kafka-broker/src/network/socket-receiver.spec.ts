import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import {
  receiveByEvents,
  receiveInto,
  type Receiver,
  type ReceiverOptions,
} from './socket-receiver.ts';

/** What this Node does with a socket's handle is not documented; here is what we rely on. */

const PAYLOAD = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));

test('sockets read straight into our memory in this version of Node', async () => {
  const memory = Buffer.alloc(1024);
  await using pair = await connectedPair((accepted) =>
    receiveInto(accepted, { target: () => memory, onRead: () => true }),
  );
  pair.client.write('straight');
  await expect.poll(() => memory.toString('utf8', 0, 8)).toBe('straight');
  expect(pair.receiver.socket).not.toBe(pair.accepted);
});

test.each([
  ['into our memory', receiveInto],
  ['by events', receiveByEvents],
])('reading %s, stopping, going on and answering lose nothing', async (_, receive) => {
  const received: Buffer[] = [];
  const memory = Buffer.alloc(1000);
  let reads = 0;
  await using pair = await connectedPair((accepted) => {
    const options: ReceiverOptions = {
      target: () => memory,
      onRead: (bytes) => {
        received.push(Buffer.from(memory.subarray(0, bytes)));
        reads += 1;
        if (reads % 10 !== 0) return true;
        setImmediate(() => receiver.resume());
        return false;
      },
    };
    const receiver = receive(accepted, options);
    return receiver;
  });
  pair.client.write(PAYLOAD);
  await expect
    .poll(() => received.reduce((sum, chunk) => sum + chunk.length, 0), { timeout: 5_000 })
    .toBe(PAYLOAD.length);
  expect(Buffer.concat(received).equals(PAYLOAD)).toBe(true);
  pair.receiver.socket.write('answer');
  const [answer] = (await once(pair.client, 'data')) as [Buffer];
  expect(answer.toString()).toBe('answer');
  pair.client.end();
  await once(pair.receiver.socket, 'end');
  // The client may close its side and still read what comes.
  pair.receiver.socket.end('last answer');
  const [last] = (await once(pair.client, 'data')) as [Buffer];
  expect(last.toString()).toBe('last answer');
  await expect.poll(() => pair.receiver.socket.closed).toBe(true);
});

async function connectedPair(receive: (accepted: Socket) => Receiver) {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    allowHalfOpen: true,
  });
  const [accepted] = (await once(server, 'connection')) as [Socket];
  const receiver = receive(accepted);
  return {
    client,
    accepted,
    receiver,
    async [Symbol.asyncDispose]() {
      client.destroy();
      receiver.socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
