import { createLogger } from '@penstock/platform';
import { expect, test, vi } from 'vitest';
import { RefusalLog } from './refusals.ts';

test('what is refused of a host, an origin or a proxy is logged once, and of many different ones not all are', () => {
  const logger = createLogger({ name: 'api', level: 'silent' });
  const warn = vi.spyOn(logger.pino, 'warn');
  const log = new RefusalLog(logger);
  const tell = (host: string) => log.tell({ kind: 'unknown-host', host }, '/');
  for (let times = 0; times < 3; times++) tell('evil.example');
  log.tell({ kind: 'foreign-origin', origin: 'null', host: 'localhost' }, '/graphql');
  const header = { header: 'X-Forwarded-Port', value: 'x', allowed: '1 to 65535' };
  for (let times = 0; times < 3; times++) {
    log.tell({ kind: 'unreadable-forwarding', ...header }, '/');
  }
  expect(warn.mock.calls.map(([fields]) => (fields as unknown as { kind: string }).kind)).toEqual([
    'unknown-host',
    'foreign-origin',
    'unreadable-forwarding',
  ]);
  for (let index = 0; index < 1_000; index++) tell(`${index}.example`);
  expect(warn).toHaveBeenCalledTimes(100);
  expect(warn.mock.lastCall?.[1]).toContain('Further ones are not logged');
});
