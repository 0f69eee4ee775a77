import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { eventually } from '../eventually.ts';
import { externalTool } from './external-tool.ts';
import { freePort } from './free-port.ts';
import { ManagedProcess } from './managed-process.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** kill -9, and waits until it is gone. */
  killHard(): Promise<void>;
  /** Starts it again on the same port with the same files. */
  restart(): Promise<void>;
}

export interface RedisOptions {
  port?: number;
  /** Folder of its files; a temporary one by default. */
  folder?: string;
  /** Further settings, for instance `['--maxmemory', '1mb']`. */
  args?: readonly string[];
}

/**
 * Starts a real Redis of the test's own; undefined, after saying so, where redis-server is not
 * installed.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer | undefined> {
  const program = externalTool('redis-server');
  if (program === undefined) return undefined;
  const port = options.port ?? (await freePort());
  const ownFolder = options.folder === undefined ? await temporaryFolder('penstock-redis-') : null;
  const folder = options.folder ?? ownFolder!.path;
  await mkdir(folder, { recursive: true });
  const settings = { program, port, folder, args: options.args ?? [] };
  let server = await startOnce(settings);
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return server.pid;
    },
    async killHard() {
      await server.stop('SIGKILL');
    },
    async restart() {
      await server.stop('SIGKILL');
      server = await startOnce(settings);
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await ownFolder?.[Symbol.asyncDispose]();
    },
  };
}

async function startOnce(settings: {
  program: string;
  port: number;
  folder: string;
  args: readonly string[];
}): Promise<ManagedProcess> {
  const { program, port, folder } = settings;
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  args.push('--appendonly', 'yes', '--save', '', '--daemonize', 'no');
  args.push(...settings.args);
  const server = new ManagedProcess({ command: program, args });
  // One that wants a password refuses, which is an answer too.
  await eventually(() => answersPing(port, /^[+-]/), {
    deadlineMs: 10_000,
    what: `Redis on port ${port}`,
  });
  return server;
}

/** Whether something on this loopback port answers PING as Redis does. */
export function answersPing(port: number, answer = /^\+PONG/): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setTimeout(1000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
    socket.once('data', (data) => finish(answer.test(data.toString('latin1'))));
    socket.write('PING\r\n');
    function finish(answered: boolean): void {
      socket.destroy();
      resolve(answered);
    }
  });
}
