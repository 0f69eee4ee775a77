import { eventually, externalTool, freePort, startRedis } from '@penstock/testing';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { RedisConnection } from './redis-connection.ts';

function connectTo(url: string) {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  const redis = new RedisConnection({ url, bullPrefix: 'penstock-test', logger });
  return { redis, lines, [Symbol.asyncDispose]: () => redis.close() };
}

describe.skipIf(externalTool('redis-server') === undefined)('RedisConnection', () => {
  it('waits for a Redis that is not there yet, and finds it again after it died', async () => {
    const port = await freePort();
    await using connection = connectTo(`redis://127.0.0.1:${port}`);
    const { redis } = connection;
    const states: boolean[] = [];
    redis.onChange((usable) => states.push(usable));
    const queued = redis.createBullConnection().set('key', 'queued while it was away');
    expect(redis.usable).toBe(false);
    await expect(redis.commands.get('key')).rejects.toThrow();
    await using server = await startRedis({ port });
    await expect.poll(() => states, { timeout: 10_000 }).toEqual([true]);
    await queued;
    expect(await redis.commands.get('key')).toBe('queued while it was away');
    await server?.killHard();
    await expect.poll(() => redis.usable, { timeout: 10_000 }).toBe(false);
    expect(redis.problem?.words).toContain(`Redis at 127.0.0.1:${port} does not answer`);
    expect(redis.problem?.help).toContain(`redis-server --port ${port} `);
    await server?.restart();
    await expect.poll(() => states, { timeout: 10_000 }).toEqual([true, false, true]);
  });

  /**
   * A Redis that accepts connections but cannot be used: how it is described, how it is put right.
   */
  const cases: readonly {
    what: string;
    args: string[];
    path?: string;
    userInfo?: string;
    words: RegExp;
    repair?: (admin: Redis) => Promise<unknown>;
  }[] = [
    {
      what: 'is a replica',
      args: ['--replicaof', '127.0.0.1', '1'],
      words: /it is a replica, which takes no writes \(READONLY /,
      repair: (admin) => admin.replicaof('NO', 'ONE'),
    },
    {
      what: 'has no memory left',
      args: ['--maxmemory', '1kb', '--maxmemory-policy', 'noeviction'],
      words: /its memory is full \(maxmemory\) \(OOM /,
      repair: (admin) => admin.config('SET', 'maxmemory', '0'),
    },
    {
      what: 'wants a password',
      args: ['--requirepass', 'right-one'],
      words: /it asks for a password \(NOAUTH /,
      repair: (admin) => admin.config('SET', 'requirepass', ''),
    },
    {
      what: 'refuses the password',
      args: ['--requirepass', 'right-one'],
      userInfo: ':wrong-one@',
      words: /it refuses the user or the password of REDIS_URL \(WRONGPASS /,
      repair: (admin) => admin.config('SET', 'requirepass', 'wrong-one'),
    },
    {
      what: 'has no such database',
      args: ['--databases', '1'],
      path: '/99',
      words: /it has no database of the number in REDIS_URL \(ERR DB index is out of range\)/,
    },
    {
      what: 'lets the user do too little',
      args: ['--user', 'weak', 'on', '>some-pass', '~*', '+@all', '-eval'],
      userInfo: 'weak:some-pass@',
      words: /may not do what batch jobs need \(NOPERM /,
      repair: (admin) => admin.acl('SETUSER', 'weak', '+eval'),
    },
  ];

  it.each(cases)('does not take a Redis for usable that $what', async (example) => {
    const { args, path = '', userInfo = '', words, repair } = example;
    await using server = await startRedis({ args });
    await using connection = connectTo(`redis://${userInfo}127.0.0.1:${server!.port}${path}`);
    const { redis, lines } = connection;
    await eventually(() => words.test(redis.problem?.words ?? ''), 15_000);
    expect(redis.usable).toBe(false);
    // Said once, however often it is tried, and without what was given to a command.
    const probesBefore = lines.length;
    await eventually(() => lines.length >= 1);
    await redis.commands.ping().catch(() => {});
    expect(lines.length).toBe(Math.max(probesBefore, 1));
    expect(lines.filter((line) => line.includes('Batch jobs wait.'))).toHaveLength(1);
    expect(lines.join('')).not.toMatch(/wrong-one|some-pass|at Object\./);
    if (repair === undefined) return;
    const password = args[0] === '--requirepass' ? { password: args[1]! } : {};
    const admin = new Redis({ port: server!.port, ...password });
    await repair(admin);
    admin.disconnect();
    await eventually(() => redis.usable, 15_000);
    expect(redis.problem).toBeNull();
    expect(lines.at(-1)).toContain('Redis can be used');
  });

  it('warns of a Redis that may evict what batch jobs need', async () => {
    const args = ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'];
    await using server = await startRedis({ args });
    await using connection = connectTo(server!.url);
    await eventually(() => connection.lines.some((line) => line.includes('allkeys-lru')), 15_000);
    expect(connection.redis.usable).toBe(true);
  });
});
