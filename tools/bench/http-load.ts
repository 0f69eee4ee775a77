// An HTTP client that costs next to nothing, in a process of its own: each connection sends the
// same bytes again as soon as the last answer is complete. Usage, one object of JSON as argument:
//   {"port":…,"path":…,"body":…,"contentType":…,"connections":…,"seconds":…}
// Prints one object of JSON: requests, seconds, and CPU seconds of this client.
import { connect } from 'node:net';

interface Load {
  port: number;
  path: string;
  body: string;
  contentType: string;
  connections: number;
  seconds: number;
}

const load = JSON.parse(process.argv[2]!) as Load;
const request = Buffer.from(
  [
    `POST ${load.path} HTTP/1.1`,
    'host: 127.0.0.1',
    `content-type: ${load.contentType}`,
    `content-length: ${Buffer.byteLength(load.body)}`,
    '',
    load.body,
  ].join('\r\n'),
);

const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
const until = startedAt + load.seconds * 1000;
let requests = 0;
await Promise.all(Array.from({ length: load.connections }, one));
const seconds = (performance.now() - startedAt) / 1000;
const cpu = process.cpuUsage(cpuBefore);
console.log(JSON.stringify({ requests, seconds, cpuSeconds: (cpu.user + cpu.system) / 1e6 }));

function one(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true });
    let received = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('connect', () => socket.write(request));
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const length = answerLength(received);
      if (length === undefined || received.length < length) return;
      const status = received.toString('latin1', 9, 12);
      if (status !== '200') {
        socket.destroy();
        return reject(new Error(received.toString('utf8').slice(0, 500)));
      }
      received = received.subarray(length);
      requests++;
      if (performance.now() < until) return void socket.write(request);
      socket.destroy();
      resolve();
    });
  });
}

/** Whole length of the answer that begins the buffer; undefined until its head is there. */
function answerLength(received: Buffer): number | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = received.toString('latin1', 0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (length === null) throw new Error(`an answer without content-length:\n${head}`);
  return end + 4 + Number(length[1]);
}
