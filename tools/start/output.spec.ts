import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { Lines, readable } from './output.mjs';

test('a log line in JSON is printed for a person, with its fields', () => {
  const text = JSON.stringify({
    level: 40,
    time: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    pid: 1,
    hostname: 'h',
    name: 'broker',
    msg: 'slow disk',
    topic: 'orders',
    offsets: [1, 2],
  });
  expect(readable('broker', text)).toBe(
    '03:04:05.006 broker    warn  slow disk  topic=orders  offsets=[1,2]',
  );
});

test('an error keeps its stack', () => {
  const text = JSON.stringify({
    level: 50,
    time: 0,
    msg: 'failed',
    err: { stack: 'Error: x\n at y' },
  });
  expect(readable('api', text)).toBe('00:00:00.000 api       error failed\nError: x\n at y');
});

test('anything else is printed as it is', () => {
  expect(readable('redis', '1:M 21 Nov # Warning')).toMatch(
    /redis {5}info {2}1:M 21 Nov # Warning$/,
  );
  expect(readable('api', '{"not":"a log line"}')).toContain('{"not":"a log line"}');
});

test('what nobody reads is kept up to a bound, and what is left out is counted', async () => {
  const reader = new PassThrough({ highWaterMark: 100 });
  const lines = new Lines(reader, 1000);
  for (let n = 0; n < 5000; n++) lines.print(`line ${n} of many`);
  // The stream's own buffer comes on top of the bound.
  expect(reader.writableLength).toBeLessThan(1000 + 100);
  let text = '';
  reader.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await expect.poll(() => text).toMatch(/lines were left out/);
  lines.print('the next');
  await expect.poll(() => text).toMatch(/the next\n$/);
  const read = text.match(/^line \d+ of many$/gm) ?? [];
  const leftOut = Number(/(\d+) lines were left out/.exec(text)?.[1]);
  expect(read.length + leftOut).toBe(5000);
});
