import { request } from 'node:http';
import {
  eventually,
  externalTool,
  freePort,
  run,
  startSupervised,
  type Supervised,
} from '@penstock/testing';
import { describe, expect, test } from 'vitest';
import { graphql, processes } from './graphql.ts';
import { kafkaJs } from './kafka-reader.ts';

/** The addresses by which the system is reached; the system does not need them itself. */

async function ingest(system: Supervised, topic: string): Promise<number> {
  const answer = await fetch(`${system.baseUrl}/ingest/${topic}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"a":1}',
  });
  return answer.status;
}

describe('addresses that only clients can use', { timeout: 180_000 }, () => {
  test('a name that does not resolve here keeps nothing from working, also after kill -9', async () => {
    await using system = await startSupervised({
      env: {
        PENSTOCK_ADVERTISED_HOST: 'does-not-resolve.invalid',
        KAFKA_MAX_CONNECTIONS_PER_IP: '1',
      },
    });
    expect(system.output).toContain(`Kafka does-not-resolve.invalid:${system.kafkaPort}`);
    expect(await ingest(system, 'earthquakes')).toBe(200);
    const broker = (await processes(system.baseUrl)).find(({ name }) => name === 'broker')!;
    process.kill(broker.pid!, 'SIGKILL');
    await eventually(async () => (await ingest(system, 'after')) === 200, 30_000);
    // The worker reads what came in too.
    const query = '{ pipeline(name: "earthquake-alerts") { processor { consumed lag } } }';
    await eventually(async () => {
      const { pipeline } = await graphql<{
        pipeline: { processor: { consumed: number; lag: number | null } };
      }>(system.baseUrl, query);
      return pipeline.processor.consumed > 0 && pipeline.processor.lag === 0;
    }, 30_000);
  });

  test('two listeners tell their clients two addresses', async () => {
    const [inside, outside] = [await freePort(), await freePort()];
    await using system = await startSupervised({
      env: {
        PENSTOCK_KAFKA_PORT: undefined,
        KAFKA_LISTENERS: `CONTROLLER://:1,INSIDE://127.0.0.1:${inside},OUTSIDE://127.0.0.1:${outside}`,
        KAFKA_ADVERTISED_LISTENERS: `INSIDE://127.0.0.1:${inside},OUTSIDE://localhost:${outside}`,
        KAFKA_LISTENER_SECURITY_PROTOCOL_MAP:
          'CONTROLLER:PLAINTEXT,INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT',
        KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
        KAFKA_INTER_BROKER_LISTENER_NAME: 'INSIDE',
      },
    });
    for (const [host, port] of [
      ['127.0.0.1', inside],
      ['localhost', outside],
    ] as const) {
      const admin = kafkaJs(`127.0.0.1:${port}`).admin();
      await admin.connect();
      const { brokers } = await admin.describeCluster();
      expect(brokers.map((each) => `${each.host}:${each.port}`)).toEqual([`${host}:${port}`]);
      await admin.disconnect();
      if (externalTool('kcat') === undefined) continue;
      const { stdout } = await run('kcat', ['-L', '-J', '-b', `127.0.0.1:${port}`]);
      const listed = JSON.parse(stdout) as { brokers: { name: string }[] };
      expect(listed.brokers.map(({ name }) => name)).toEqual([`${host}:${port}`]);
    }
    expect(system.output).toMatch(/controllers are not listened on.*CONTROLLER/);
  });
});

test(
  'free ports are found out by whoever waits for them, kept over restarts, on both families',
  { timeout: 180_000 },
  async () => {
    await using system = await startSupervised({
      env: { PENSTOCK_KAFKA_PORT: '0', PENSTOCK_HTTP_PORT: '0', PENSTOCK_BIND: '::1' },
    });
    const [, baseUrl, kafka] = /dashboard (\S+)\/ .* Kafka (\S+)/.exec(system.output)!;
    expect(baseUrl).toMatch(/^http:\/\/localhost:[1-9]\d*$/);
    expect(kafka).toMatch(/^localhost:[1-9]\d*$/);
    const before = await processes(baseUrl!);
    for (const name of ['broker', 'api']) {
      process.kill(before.find((each) => each.name === name)!.pid!, 'SIGKILL');
      await eventually(async () => {
        const { ok } = await fetch(`${baseUrl}/readyz`, { signal: AbortSignal.timeout(2_000) });
        const now = (await processes(baseUrl!)).find((each) => each.name === name);
        return ok && now?.restarts === 1 && now.state === 'RUNNING';
      }, 30_000);
      const admin = kafkaJs(kafka!).admin();
      await admin.connect();
      await admin.disconnect();
    }
    const { system: said } = await graphql<{ system: { bootstrapServers: string } }>(
      baseUrl!,
      '{ system { bootstrapServers } }',
    );
    expect(said.bootstrapServers).toBe(kafka);
    for (const host of ['127.0.0.1', '::1']) {
      const port = Number(new URL(baseUrl!).port);
      const answers = [await statusOf(host, port), await upgradeOf(host, port)];
      expect([host, ...answers]).toEqual([host, 200, 101]);
    }
    expect((await system.stop()).code).toBe(0);
  },
);

function statusOf(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path: '/readyz', agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.once('error', reject).end();
  });
}

function upgradeOf(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': 'graphql-transport-ws',
    };
    const asked = request({ host, port, path: '/graphql', headers, agent: false });
    asked.once('upgrade', (answer, socket) => {
      socket.destroy();
      resolve(answer.statusCode);
    });
    asked.once('response', (answer) => resolve(answer.statusCode));
    asked.once('error', reject).end();
  });
}
