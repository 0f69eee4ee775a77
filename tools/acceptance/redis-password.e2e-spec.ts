import { connect } from 'node:net';
import {
  eventually,
  externalTool,
  GraphqlClient,
  startRedis,
  startSupervised,
} from '@penstock/testing';
import { expect, test } from 'vitest';

const SECRET = 'wr@ng-Secret/1';
const SPELLINGS = [SECRET, encodeURIComponent(SECRET), SECRET.toLowerCase(), 'ng-Secret'];
const START = `mutation { startBatchRun(input: { job: "earthquake-daily-report" }) {
  ... on BatchRun { id } } }`;
const RUN = 'query ($id: ID!) { batchRun(id: $id) { state waitingFor } }';

/** Gives a Redis commands as a person with telnet does; rejects unless each is answered by OK. */
async function tell(port: number, commands: readonly string[]): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write(commands.map((command) => `${command}\r\n`).join(''));
  let answers = '';
  for await (const chunk of socket) {
    answers += String(chunk);
    if (answers.split('\r\n').length > commands.length) break;
  }
  expect(answers).toBe('+OK\r\n'.repeat(commands.length));
}

test.skipIf(externalTool('redis-server') === undefined)(
  'a Redis that refuses the password is a named problem everywhere, and the password is shown nowhere',
  async () => {
    await using redis = await startRedis({ args: ['--requirepass', 'another-one'] });
    const url = `redis://:${encodeURIComponent(SECRET)}@127.0.0.1:${redis!.port}`;
    await using system = await startSupervised({
      env: { REDIS_URL: url, PENSTOCK_LOG_LEVEL: 'trace' },
    });
    await using client = new GraphqlClient(system.baseUrl);
    const { startBatchRun } = await client.query<{ startBatchRun: { id: string } }>(START);
    const run = async () =>
      (
        await client.query<{ batchRun: { state: string; waitingFor: string | null } }>(RUN, {
          id: startBatchRun.id,
        })
      ).batchRun;
    const refused = 'refuses the user or the password of REDIS_URL';
    await eventually(async () => (await run()).waitingFor?.includes(refused), 20_000);
    const readiness = await (await fetch(`${system.baseUrl}/readyz`)).text();
    expect(readiness).toContain(refused);
    const frames = client.subscribe<{ live: { redisConnected: boolean; redisError: string } }>(
      'subscription { live { redisConnected redisError } }',
    );
    const { live } = await frames.until(() => true);
    expect(live).toMatchObject({ redisConnected: false });
    expect(live.redisError).toContain(refused);
    const told = await client.ask(
      '{ system { redis { url problem help } workers { id } } events { nodes { message } } }',
    );
    expect(told.errors).toEqual([]);
    expect(system.output).toContain(refused);

    await tell(redis!.port, ['AUTH another-one', `CONFIG SET requirepass ${SECRET}`]);
    await eventually(async () => (await run()).state === 'SUCCEEDED', 60_000);
    await system.stop();
    const shown = [system.output, readiness, JSON.stringify(told), JSON.stringify(frames.values)];
    for (const text of shown) {
      for (const spelling of SPELLINGS) expect(text.includes(spelling)).toBe(false);
    }
    expect(system.output).toContain(`redis://:***@127.0.0.1:${redis!.port}`);
  },
  150_000,
);
