import { eventually, temporaryFolder } from '@penstock/testing';
import { migratedFolder } from '@penstock/testing/migrated-folder';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { ControlDatabase, migrateControlDatabase } from './control-database.ts';
import { asDatabaseProblem } from './database-problem.ts';
import { databaseFile } from './databases.ts';

async function openMigrated() {
  const folder = await migratedFolder('control');
  const api = await ControlDatabase.open({ dataDir: folder.path });
  return {
    api,
    [Symbol.asyncDispose]: async () => {
      await api.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function event(subject: string) {
  return { at: 1n, kind: 'test', subject, message: '' };
}

/** What another program does that holds control.db: a backup, a repair, a person with sqlite3. */
function lock(file: string): Disposable {
  const other = new Database(file);
  other.exec('BEGIN IMMEDIATE');
  return { [Symbol.dispose]: () => other.close() };
}

describe('control.db, locked by somebody else,', () => {
  it('holds up neither the event loop nor reads, and says by whom it is locked', async () => {
    await using opened = await openMigrated();
    const { api } = opened;
    const problems: (string | null)[] = [];
    api.onProblem((problem) => problems.push(problem));
    let written = false;
    const other = lock(api.file);
    const writing = api.event.create({ data: event('waits') }).then(() => (written = true));
    writing.catch(() => {});
    // Turns of the event loop and reads, all of them before the write that began first.
    for (let turn = 0; turn < 50; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(await api.event.count()).toBe(0);
    }
    await eventually(() => api.currentProblem() !== null);
    expect(api.currentProblem()).toMatch(/^control\.db is locked by .+ \(process \d+\) for \d+ s$/);
    expect(written).toBe(false);
    other[Symbol.dispose]();
    await writing;
    await eventually(() => api.currentProblem() === null);
    expect(problems).toEqual([expect.stringContaining('is locked by'), null]);
  });

  it('is a problem of its own to what waited too long, and nothing of that is carried out', async () => {
    await using opened = await openMigrated();
    const { api } = opened;
    const other = lock(api.file);
    const outcomes = await Promise.allSettled([
      api.event.create({ data: event('statement') }),
      api.$executeRaw`DELETE FROM "Event"`,
      api.$transaction([api.event.create({ data: event('batch') })]),
      api.$transaction((transaction) => transaction.event.create({ data: event('callback') })),
    ]);
    for (const outcome of outcomes) {
      const problem = asDatabaseProblem((outcome as PromiseRejectedResult).reason);
      expect(problem?.code).toBe('DATABASE_BUSY');
      expect(problem?.message).toMatch(/^control\.db is locked by .+ for \d+ s$/);
    }
    other[Symbol.dispose]();
    await api.event.create({ data: event('later') });
    expect((await api.event.findMany()).map(({ subject }) => subject)).toEqual(['later']);
  });

  it('is waited for by a start, with words and a limit', async () => {
    await using folder = await temporaryFolder();
    const config = { dataDir: folder.path };
    const file = databaseFile(folder.path, 'control');
    const fresh = new Database(file);
    fresh.exec('BEGIN EXCLUSIVE');
    const words: string[] = [];
    const patience = { say: (line: string) => words.push(line) };
    const migrating = migrateControlDatabase(config, patience);
    await eventually(() => words.length > 0, 20_000);
    expect(words[0]).toMatch(/^control\.db is locked by .+; waiting up to \d+ s more for it$/);
    fresh.close();
    expect(await migrating).not.toEqual([]);

    const other = lock(file);
    const opening = ControlDatabase.open(config, { ...patience, timeoutMs: 0 });
    await expect(opening).rejects.toThrow(/^control\.db is locked by .+: end what holds it/);
    other[Symbol.dispose]();
  }, 60_000);

  it('is told from a file that cannot be written', async () => {
    await using opened = await openMigrated();
    const { api } = opened;
    await api.$queryRawUnsafe('PRAGMA query_only = ON');
    const failed = await api.event.create({ data: event('read-only') }).catch((error) => error);
    expect(asDatabaseProblem(failed)?.code).toBe('DATABASE_UNUSABLE');
    expect(api.currentProblem()).toMatch(
      /^control\.db cannot be used: attempt to write a readonly/,
    );
    await api.$queryRawUnsafe('PRAGMA query_only = OFF');
    await eventually(() => api.currentProblem() === null);
  });
});
