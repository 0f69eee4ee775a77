import { eventually } from '@penstock/testing';
import { migratedFolder } from '@penstock/testing/migrated-folder';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ControlDatabase } from './control-database.ts';
import { DatabaseWatcher } from './database-watcher.ts';

async function openTwice() {
  const folder = await migratedFolder('control');
  const config = { dataDir: folder.path };
  const api = await ControlDatabase.open(config);
  const worker = await ControlDatabase.open(config);
  return {
    api,
    worker,
    [Symbol.asyncDispose]: async () => {
      await api.close();
      await worker.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function event(subject: string) {
  return { at: 1n, kind: 'test', subject, message: '' };
}

describe('ControlDatabase', () => {
  it('names the installation once and for all', async () => {
    await using both = await openTwice();
    expect(both.api.installationId).toMatch(/^[0-9a-f-]{36}$/);
    expect(both.worker.installationId).toBe(both.api.installationId);
  });

  it('keeps a statement beside a transaction out of it', async () => {
    await using both = await openTwice();
    const { api } = both;
    const inside = Promise.withResolvers<void>();
    const failing = api.$transaction(async (transaction) => {
      await transaction.event.create({ data: event('inside') });
      inside.resolve();
      await transaction.event.count();
      throw new Error('rolled back');
    });
    await inside.promise;
    const beside = api.event.create({ data: event('beside') });
    await expect(failing).rejects.toThrow('rolled back');
    await beside;
    const kept = await api.event.findMany();
    expect(kept.map(({ subject }) => subject)).toEqual(['beside']);
  });

  it('takes turns with another process, each seeing what the other committed', async () => {
    await using both = await openTwice();
    const count = (database: ControlDatabase) =>
      database.$transaction(async (transaction) => {
        const before = await transaction.event.count();
        await transaction.event.create({ data: event(String(before)) });
      });
    for (let round = 0; round < 10; round++) {
      await count(both.api);
      await count(both.worker);
    }
    const kept = await both.api.event.findMany({ orderBy: { id: 'asc' } });
    expect(kept.map(({ subject }) => subject)).toEqual(
      Array.from({ length: 20 }, (_, i) => `${i}`),
    );
  });
});

describe('DatabaseWatcher', () => {
  it('tells of commits by this process and by others, and of nothing else', async () => {
    await using both = await openTwice();
    const logger = pino({ level: 'silent' });
    const watcher = new DatabaseWatcher({ database: both.api, logger });
    let changes = 0;
    watcher.onChange(() => {
      throw new Error('a listener that fails must not keep the others from hearing');
    });
    watcher.onChange(() => changes++);
    await both.worker.event.create({ data: event('by another') });
    await eventually(() => changes === 1);
    await both.api.event.count();
    await both.api.event.create({ data: event('by this') });
    await eventually(() => changes === 2);
  });
});
