import { mkdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { hasProgram } from '../install/command.mjs';
import { installPackages, mayInstallPackages } from '../install/packages.mjs';

export const redisHelp =
  'sudo apt-get install redis-server (or set REDIS_URL to a Redis that you have)';

/**
 * Finds a Redis: the configured one, one that answers on this machine, or one that can be started
 * here. Undefined when there is none; batch jobs then wait until one answers.
 * @returns {Promise<{ url: string, start?: { command: string, args: string[], probe: () =>
 *   Promise<number | undefined> }, how: string } | undefined>}
 */
export async function findRedis(settings) {
  if (settings.redisUrl !== undefined) return { url: settings.redisUrl, how: 'configured' };
  const { redisPort } = settings;
  if (await answersPing(redisPort)) return { url: urlOf(redisPort), how: 'found running' };
  if (!(await hasProgram('redis-server'))) {
    if (!(await mayInstallPackages())) return undefined;
    if (!(await installPackages(['redis-server']))) return undefined;
  }
  const port = (await isFree(redisPort)) ? redisPort : await anyFreePort();
  const folder = join(settings.dataDir, 'redis');
  mkdirSync(folder, { recursive: true });
  return {
    url: urlOf(port),
    how: 'started here',
    start: serverCommand(port, await loopbackAddresses(), folder),
  };
}

/**
 * Redis with its files in `folder`, run by a shell that ends it when standard input closes: the
 * kernel closes that pipe even when the supervisor is killed hard, so that no Redis is left behind.
 *
 * Append-only with a sync each second: queues survive a crash of Redis. The workers add again what
 * the last second lost, since work is recorded in control.db first.
 */
function serverCommand(port, hosts, folder) {
  const pidFile = join(folder, 'redis.pid');
  const args = ['--port', String(port), '--bind', ...hosts, '--dir', folder].concat(
    ['--pidfile', pidFile, '--daemonize', 'no', '--logfile', join(folder, 'redis.log')],
    ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''],
    ['--maxmemory-policy', 'noeviction'],
  );
  const guard = `exec 3<&0
    redis-server "$@" </dev/null & server=$!
    { read -r _ <&3; kill $server; } 2>/dev/null & guard=$!
    trap 'kill $server' TERM INT
    wait $server; status=$?
    while kill -0 $server 2>/dev/null; do wait $server; status=$?; done
    kill $guard 2>/dev/null
    exit $status`;
  return {
    command: 'sh',
    args: ['-c', guard, 'redis', ...args],
    probe: async () => ((await answersPing(port)) ? readPid(pidFile) : undefined),
  };
}

function readPid(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

const urlOf = (port) => `redis://127.0.0.1:${port}`;

function answersPing(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (answered) => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(1000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
    socket.once('data', (data) => finish(data.toString('latin1').startsWith('+PONG')));
    socket.write('PING\r\n');
  });
}

/** Those of the two loopback addresses that the machine has: `localhost` may be either. */
async function loopbackAddresses() {
  const outcomes = await Promise.all(LOOPBACK.map((host) => listenOnce(0, host)));
  return LOOPBACK.filter((_, index) => outcomes[index].port !== undefined);
}

async function isFree(port) {
  const outcomes = await Promise.all(LOOPBACK.map((host) => listenOnce(port, host)));
  return outcomes.every(({ problem }) => problem !== 'EADDRINUSE' && problem !== 'EACCES');
}

async function anyFreePort() {
  for (;;) {
    const { port } = await listenOnce(0, '127.0.0.1');
    if (await isFree(port)) return port;
  }
}

const LOOPBACK = ['127.0.0.1', '::1'];

function listenOnce(port, host) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve({ problem: error.code }));
    server.listen({ port, host }, () => {
      const bound = server.address().port;
      server.close(() => resolve({ port: bound }));
    });
  });
}
