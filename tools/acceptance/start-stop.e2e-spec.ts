import { writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import {
  eventually,
  externalTool,
  freePort,
  ManagedProcess,
  repositoryRoot,
  startSupervised,
  type Supervised,
  temporaryFolder,
} from '@penstock/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { graphql, processes } from './graphql.ts';

const nothingRuns = { deadlineMs: 10_000, what: 'the end of every process' };

/** Messages of the events of one subject, newest first. */
async function eventsOf(baseUrl: string, subject: string): Promise<string[]> {
  const { events } = await graphql<{ events: { nodes: { message: string }[] } }>(
    baseUrl,
    `{ events(subject: "${subject}") { nodes { message } } }`,
  );
  return events.nodes.map(({ message }) => message);
}

describe('a start that works', () => {
  test('builds nothing the second time, serves, and leaves nothing after SIGTERM', async () => {
    await using system = await startSupervised();
    expect(system.output).not.toMatch(/^ {2}(install|code|dashboard|prisma)/m);
    expect(system.output.match(/^.*ready.*$/gm)).toHaveLength(1);
    expect(system.output).toContain(`http://localhost:${system.httpPort}/`);
    for (const path of ['/', '/healthz', '/readyz', '/metrics', '/docs']) {
      expect([path, (await fetch(`${system.baseUrl}${path}`)).status]).toEqual([path, 200]);
    }
    const running = await processes(system.baseUrl);
    const names = running.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['broker', 'api', 'worker']));
    expect(running.every(({ state }) => state === 'RUNNING')).toBe(true);

    const before = performance.now();
    expect(await system.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(system.runningProcesses()).toEqual([]);
  });

  test('serves and ends in good order although nobody reads what it prints', async () => {
    await using system = await startSupervised({ env: { PENSTOCK_LOG_LEVEL: 'debug' } });
    const { stdout, stderr } = system.process.child;
    for (const stream of [stdout, stderr]) stream!.pause();
    // The broker logs a line for each, together more than all buffers on the way hold.
    for (let n = 0; n < 100; n++) await openAndClose(system.kafkaPort, 100);
    const answer = await fetch(`${system.baseUrl}/ingest/unread`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"a":1}',
    });
    expect(answer.status).toBe(200);
    const exit = new Promise((resolve) => {
      system.process.child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    system.process.kill('SIGTERM');
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(system.runningProcesses()).toEqual([]);
    for (const stream of [stdout, stderr]) stream!.resume();
  });

  test('ends all processes when the npm that started it is killed hard', async () => {
    await using folder = await temporaryFolder();
    const [kafkaPort, httpPort] = [await freePort(), await freePort()];
    const dataDir = join(folder.path, 'data');
    await using npm = new ManagedProcess({
      command: externalTool('npm')!,
      args: ['start'],
      cwd: repositoryRoot,
      env: {
        PENSTOCK_KAFKA_PORT: String(kafkaPort),
        PENSTOCK_HTTP_PORT: String(httpPort),
        PENSTOCK_DATA_DIR: dataDir,
        REDIS_URL: undefined,
        PENSTOCK_REDIS_PORT: String(await freePort()),
        KAFKA_BOOTSTRAP_SERVERS: undefined,
      },
    });
    await npm.waitForOutput(/ready.*http:/, 60_000);
    npm.kill('SIGKILL');
    const broken = async () => {
      await fetch(`http://127.0.0.1:${httpPort}/healthz`, { signal: AbortSignal.timeout(1000) });
    };
    await eventually(
      () =>
        broken().then(
          () => false,
          () => true,
        ),
      nothingRuns,
    );
    await npm.exited;
  });

  test('keeps topics, records and history over a stop and a start', async () => {
    await using folder = await temporaryFolder();
    const env = { PENSTOCK_DATA_DIR: join(folder.path, 'data') };
    {
      await using first = await startSupervised({ env });
      const answer = await fetch(`${first.baseUrl}/ingest/kept`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"a":1}',
      });
      expect(answer.status).toBe(200);
      expect((await first.stop()).code).toBe(0);
    }
    await using second = await startSupervised({ env });
    const { topic } = await graphql<{ topic: { recordCount: number } }>(
      second.baseUrl,
      '{ topic(name: "kept") { recordCount } }',
    );
    expect(topic).toEqual({ recordCount: 1 });
  });
});

describe('a system that runs', () => {
  let system: Supervised;
  beforeAll(async () => {
    system = await startSupervised();
  });
  afterAll(() => system?.[Symbol.asyncDispose]());

  test('lets no other Penstock use its data folder', async () => {
    await using second = await startSupervised({
      env: { PENSTOCK_DATA_DIR: system.dataDir },
      waitForReady: false,
    });
    expect((await second.process.exited).code).toBe(1);
    expect(second.output).toContain('is in use by the Penstock with process id');
  });

  test('starts again a process that dies, and says so', async () => {
    const worker = (await processes(system.baseUrl)).find(({ name }) => name === 'worker')!;
    process.kill(worker.pid!, 'SIGKILL');
    const again = await eventually(
      async () => {
        const now = (await processes(system.baseUrl)).find(({ name }) => name === 'worker')!;
        return now.restarts === 1 && now.state === 'RUNNING' ? now : undefined;
      },
      { deadlineMs: 60_000, what: 'a second worker' },
    );
    expect(again.pid).not.toBe(worker.pid);
    expect(again.lastExit).toMatch(/SIGKILL/);
    expect(system.output).toMatch(/worker .*ended \(signal SIGKILL\); starts again in/);
    const told = await eventually(
      async () => {
        const messages = await eventsOf(system.baseUrl, 'worker');
        return messages.some((message) => message.includes(`pid ${again.pid}`)) && messages;
      },
      { deadlineMs: 30_000, what: 'the event of the second worker' },
    );
    // One exit is one event, although it is reported when it happens and again with the restart.
    expect(told.slice(0, 2)).toEqual([
      `worker started (pid ${again.pid})`,
      'worker ended: signal SIGKILL',
    ]);
    expect(told.filter((message) => message.includes('ended'))).toHaveLength(1);
  });

  // The last: nothing runs after it.
  test('ends all processes when the supervisor is killed hard', async () => {
    expect(system.runningProcesses().length).toBeGreaterThan(3);
    await system.stop('SIGKILL');
    await eventually(() => system.runningProcesses().length === 0, nothingRuns);
  });
});

describe('without Redis, everything but batch starts', () => {
  test('and says what to type', async () => {
    await using system = await startSupervised({ env: { REDIS_URL: 'redis://127.0.0.1:1' } });
    const { system: said } = await graphql<{
      system: { redis: { connected: boolean; help: string } };
    }>(system.baseUrl, '{ system { redis { connected help } } }');
    expect(said.redis.connected).toBe(false);
    expect(said.redis.help).toMatch(/redis/i);
  });
});

describe('a start that cannot work stops with one line that says what to do', () => {
  async function failedStart(env: Record<string, string | undefined>): Promise<string> {
    await using system = await startSupervised({ env, waitForReady: false });
    expect((await system.process.exited).code).toBe(1);
    expect(system.runningProcesses()).toEqual([]);
    const lines = system.output.trim().split('\n');
    expect(lines).toHaveLength(1);
    return lines[0]!;
  }

  test('when a port is in use', async () => {
    const port = await freePort();
    const server = createServer().listen(port, '127.0.0.1');
    try {
      const line = await failedStart({ PENSTOCK_HTTP_PORT: String(port) });
      expect(line).toContain(`Port ${port} is in use`);
      expect(line).toContain(`PENSTOCK_HTTP_PORT=${port + 1} npm start`);
    } finally {
      server.close();
    }
  });

  test('when a setting is wrong', async () => {
    const line = await failedStart({ PENSTOCK_DURABILITY: 'maybe' });
    expect(line).toMatch(/PENSTOCK_DURABILITY="maybe" .*fsync, os/);
  });

  test('when a protection is asked for that is not there, and does not try again', async () => {
    await using system = await startSupervised({
      env: { KAFKA_AUTHORIZER_CLASS_NAME: 'org.example.Authorizer' },
      waitForReady: false,
    });
    expect((await system.process.exited).code).toBe(1);
    expect(system.output).toContain('KAFKA_AUTHORIZER_CLASS_NAME cannot be used');
    expect(system.output).not.toContain('starts again');
  });

  test('when the data folder cannot be written', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'file');
    await writeFile(file, '');
    const line = await failedStart({ PENSTOCK_DATA_DIR: join(file, 'data') });
    expect(line).toMatch(/data folder .* cannot be written \(ENOTDIR\): .*PENSTOCK_DATA_DIR/);
  });
});

/** Opens connections to a port of this machine at once, and closes them. */
async function openAndClose(port: number, count: number): Promise<void> {
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.end());
      socket.once('close', () => resolve()).once('error', reject);
    });
  await Promise.all(Array.from({ length: count }, one));
}
