import { createLogger } from '@penstock/platform';
import { BatchWorld } from '@penstock/testing/batch-world';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { machineMs } from '../clock/index.ts';
import { ATTEMPT_LINES_MAX, AttemptLog } from './attempt-log.ts';

let world: BatchWorld;

beforeAll(async () => {
  world = await BatchWorld.start();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  await world.begin({ onFailure: 'continue' });
  await world.append(0, 10);
  await world.services.runs.start({ job: 'report' });
});

async function workAll(how: 'done' | 'fail'): Promise<void> {
  for (let round = 0; round < 4; round++) {
    for (const ticket of await world.services.ledger.due(machineMs())) {
      await world.work(ticket, how);
    }
  }
}

describe('the attempts of a run', () => {
  it('tell how each ended, in each generation', async () => {
    const { id } = await world.newest();
    await workAll('fail');
    await world.services.decisions.retry(id);
    await workAll('fail');
    await world.services.decisions.restart(id);
    await world.settle();
    const attempts = await world.services.attempts.list(id);
    expect(attempts).toMatchObject([
      { number: 1, generation: 1, outcome: 'failed', error: 'it fails' },
      { number: 2, generation: 1, outcome: 'failed', error: 'it fails' },
      { number: 3, generation: 2, outcome: 'succeeded', error: null },
    ]);
    expect(attempts.every(({ startedAt, finishedAt }) => finishedAt! >= startedAt)).toBe(true);
  });

  it('are under way until they end, or until the run is cancelled', async () => {
    const { id } = await world.newest();
    await world.work((await world.services.ledger.due(machineMs()))[0]!);
    expect(await world.services.attempts.list(id)).toMatchObject([{ outcome: null }]);
    await world.services.runs.cancel(id);
    expect(await world.services.attempts.list(id)).toMatchObject([{ outcome: 'cancelled' }]);
  });
});

describe('the log of an attempt', () => {
  it('keeps its newest lines, in order, and those of others besides', async () => {
    const [database] = world.databases;
    const log = new AttemptLog(database!, createLogger({ name: 'test', level: 'silent' }));
    const { id } = await world.newest();
    log.add({ id, attempt: 2 }, 'warn', 'of another attempt');
    for (let line = 0; line < ATTEMPT_LINES_MAX + 500; line++) {
      log.add({ id, attempt: 1 }, 'info', `line ${line}`);
    }
    log.add({ id: 'nobody', attempt: 1 }, 'info', 'of a run that was removed');
    log.add({ id, attempt: 1 }, 'error', 'x'.repeat(10_000));
    await log.onApplicationShutdown();
    const lines = await world.services.attempts.lines(id, 1);
    expect(lines).toHaveLength(ATTEMPT_LINES_MAX);
    expect(lines[0]?.text).toBe('line 501');
    expect(lines.at(-1)?.text).toMatch(/^x{2000}…$/);
    expect(await world.services.attempts.lines(id, 2)).toHaveLength(1);
    expect(await world.services.attempts.text(id, 1)).toBeNull();
  });
});
