import { externalTool, freePort, startRedis } from '@penstock/testing';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { RedisConnection } from './redis-connection.ts';

describe.skipIf(externalTool('redis-server') === undefined)('RedisConnection', () => {
  it('waits for a Redis that is not there yet, and finds it again after it died', async () => {
    const port = await freePort();
    const redis = new RedisConnection({
      url: `redis://127.0.0.1:${port}`,
      bullPrefix: 'penstock-test',
      logger: pino({ level: 'silent' }),
    });
    const states: boolean[] = [];
    redis.onChange((connected) => states.push(connected));
    const queued = redis.createBullConnection().set('key', 'queued while it was away');
    try {
      expect(redis.connected).toBe(false);
      await expect(redis.commands.get('key')).rejects.toThrow();
      const server = await startRedis({ port });
      await expect.poll(() => states, { timeout: 10_000 }).toEqual([true]);
      await queued;
      expect(await redis.commands.get('key')).toBe('queued while it was away');
      await server?.killHard();
      await expect.poll(() => redis.connected, { timeout: 10_000 }).toBe(false);
      await server?.restart();
      await expect.poll(() => states, { timeout: 10_000 }).toEqual([true, false, true]);
      await server?.[Symbol.asyncDispose]();
    } finally {
      await redis.close();
    }
  });
});
