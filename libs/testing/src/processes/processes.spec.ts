import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  answersPing,
  eventually,
  externalTool,
  freePort,
  ManagedProcess,
  run,
  startRedis,
  temporaryFolder,
} from '../index.ts';

test('eventually gives what the attempt returned once it holds', async () => {
  let calls = 0;
  expect(await eventually(() => (++calls === 3 ? 'third' : undefined), 1000)).toBe('third');
});

test('eventually fails with the last reason after its deadline', async () => {
  const waiting = eventually(
    () => {
      throw new Error('not yet');
    },
    { deadlineMs: 30, intervalMs: 5, what: 'the answer' },
  );
  await expect(waiting).rejects.toThrow('the answer did not hold within 30 ms: not yet');
});

test('free ports are below those of outgoing connections, and none is given twice', async () => {
  const ports = await Promise.all(Array.from({ length: 300 }, () => freePort()));
  expect(new Set(ports).size).toBe(ports.length);
  expect(Math.min(...ports)).toBeGreaterThanOrEqual(20_000);
  expect(Math.max(...ports)).toBeLessThan(32_000);
});

test('a temporary folder is gone after its scope', async () => {
  let path: string;
  {
    await using folder = await temporaryFolder();
    path = folder.path;
    expect(existsSync(path)).toBe(true);
  }
  expect(existsSync(path)).toBe(false);
});

test('run gives the output, and fails with it when the exit code is not 0', async () => {
  const script = 'process.stdin.pipe(process.stdout)';
  expect((await run(process.execPath, ['-e', script], { input: 'hello' })).stdout).toBe('hello');
  const failing = run(process.execPath, ['-e', 'console.error("why"); process.exit(3)']);
  await expect(failing).rejects.toThrow(/exit code 3\nwhy/);
});

test('waiting for output fails at once when the process ends before', async () => {
  await using ended = new ManagedProcess({ command: process.execPath, args: ['-e', '0'] });
  await expect(ended.waitForOutput(/never/)).rejects.toThrow('before /never/ came');
});

test.skipIf(externalTool('redis-server') === undefined)(
  'Redis is there, gone after a hard kill, and back after a restart',
  async () => {
    await using redis = (await startRedis())!;
    expect(await answersPing(redis.port)).toBe(true);
    await redis.killHard();
    expect(await answersPing(redis.port)).toBe(false);
    await redis.restart();
    expect(await answersPing(redis.port)).toBe(true);
  },
);
