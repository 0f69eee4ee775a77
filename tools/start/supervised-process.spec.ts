import {
  eventually,
  freePort,
  externalTool,
  answersPing,
  temporaryFolder,
} from '@penstock/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { findRedis } from './redis.mjs';
import { SupervisedProcess } from './supervised-process.mjs';

const readyThenWait = `
  process.send({ type: 'ready' });
  process.on('SIGTERM', () => process.exit(0));
  process.on('disconnect', () => process.exit(0));
  setInterval(() => {}, 1000);`;

const running: SupervisedProcess[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((supervised) => supervised.stop(1000)));
});

function supervise(script: string, options: { startMsMax?: number } = {}) {
  const states: string[] = [];
  const supervised: SupervisedProcess = new SupervisedProcess({
    name: 'sample',
    command: process.execPath,
    args: ['-e', script],
    env: process.env,
    ipc: true,
    ...options,
    onChange: () => states.push(supervised.state),
  });
  running.push(supervised);
  supervised.start();
  return { supervised, states };
}

describe('a supervised process', () => {
  test('is running once it says ready, and stopped in good order', async () => {
    const { supervised, states } = supervise(readyThenWait);
    await supervised.ready();
    expect(supervised.describe()).toMatchObject({ name: 'sample', state: 'RUNNING', restarts: 0 });
    await supervised.stop(5000);
    expect(states).toEqual(['STARTING', 'RUNNING', 'STOPPED']);
    expect(supervised.lastExit).toBeNull();
  });

  test('is started again when it is killed, and says why it had ended', async () => {
    const { supervised } = supervise(readyThenWait);
    await supervised.ready();
    const first = supervised.pid!;
    process.kill(first, 'SIGKILL');
    await eventually(() => supervised.restarts === 1 && supervised.state === 'RUNNING', 5000);
    expect(supervised.pid).not.toBe(first);
    expect(supervised.lastExit).toMatch(/^signal SIGKILL$/);
  });

  test('waits twice as long before each further try', async () => {
    const { supervised, states } = supervise('process.exit(7)');
    await eventually(() => supervised.failures === 3, 5000);
    expect(supervised.lastExit).toMatch(/^exit code 7$/);
    expect(states.slice(0, 4)).toEqual(['STARTING', 'BACKING_OFF', 'STARTING', 'BACKING_OFF']);
    await supervised.stop(1000);
    expect(supervised.state).toBe('STOPPED');
  });

  test('is not started again when a person has to set something right first', async () => {
    const { supervised, states } = supervise('process.exit(78)');
    await eventually(() => supervised.state === 'STOPPED', 5000);
    expect(states).toEqual(['STARTING', 'STOPPED']);
    expect(supervised.restarts).toBe(0);
  });

  test('is started again when it never says that it serves', async () => {
    const { supervised } = supervise('setInterval(() => {}, 1000);', { startMsMax: 300 });
    await eventually(() => supervised.restarts > 0, 5000);
    expect(supervised.lastExit).toMatch(/^signal SIGKILL/);
    await supervised.stop(1000);
  });

  test('is killed when it does not end within its time', async () => {
    const { supervised } = supervise(`process.send({ type: 'ready' });
      process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`);
    await supervised.ready();
    const { pid } = supervised;
    await supervised.stop(200);
    expect(() => process.kill(pid!, 0)).toThrow();
  });
});

describe.skipIf(externalTool('redis-server') === undefined)('Redis started here', () => {
  async function startOwnRedis(dataDir: string) {
    const found = await findRedis({
      dataDir,
      redisUrl: undefined,
      redisPort: await freePort(),
    });
    const supervised: SupervisedProcess = new SupervisedProcess({
      name: 'redis',
      ...found!.start!,
      env: process.env,
      onChange: () => undefined,
    });
    running.push(supervised);
    supervised.start();
    await supervised.ready();
    return { port: Number(new URL(found!.url).port), supervised };
  }

  test('is known by its own process id, and comes back after kill -9', async () => {
    await using folder = await temporaryFolder();
    const { port, supervised } = await startOwnRedis(folder.path);
    const first = supervised.pid!;
    expect(first).not.toBe(supervised.child!.pid);
    process.kill(first, 'SIGKILL');
    await eventually(() => supervised.restarts === 1 && supervised.state === 'RUNNING', 5000);
    expect(supervised.lastExit).toMatch(/exit code 137|SIGKILL/);
    expect(await answersPing(port)).toBe(true);
    await supervised.stop(3000);
    expect(await answersPing(port)).toBe(false);
  });

  test('ends when the supervisor is gone, even when that was killed hard', async () => {
    await using folder = await temporaryFolder();
    const { port, supervised } = await startOwnRedis(folder.path);
    supervised.stopping = true;
    // What the kernel does with the pipe when its writer dies.
    supervised.child!.stdin!.destroy();
    await eventually(async () => !(await answersPing(port)), 5000);
  });

  test('is not started where a configured one is to be used', async () => {
    const redisUrl = `redis://127.0.0.1:${await freePort()}`;
    expect(await findRedis({ dataDir: '/nowhere', redisUrl, redisPort: 6379 })).toEqual({
      url: redisUrl,
      how: 'configured',
    });
  });
});
