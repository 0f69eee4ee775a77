import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ControlDatabase, loadConfig } from '@penstock/platform';
import { eventually, externalTool, startPenstock, temporaryFolder } from '@penstock/testing';
import { expect, it } from 'vitest';

const DAY_MS = 86_400_000;
const LIBRARIES = '/usr/lib';
const faketime = externalTool('faketime');

/** Where Debian keeps the library that moves the clock of a process with threads. */
function faketimeLibrary(): string {
  const found = readdirSync(LIBRARIES)
    .map((folder) => join(LIBRARIES, folder, 'faketime'))
    .flatMap((folder) => {
      try {
        return readdirSync(folder).map((file) => join(folder, file));
      } catch {
        return [];
      }
    })
    .find((file) => file.endsWith('/libfaketimeMT.so.1'));
  if (found === undefined) {
    throw new Error('faketime is installed without its library');
  }
  return found;
}

/** A clock for the processes of a test that can be set; their monotonic clock is left as it is. */
function settableClock(file: string) {
  let offsetMs = 0;
  const set = (to: number): void => {
    offsetMs = to - Date.now();
    writeFileSync(file, `${offsetMs >= 0 ? '+' : ''}${(offsetMs / 1_000).toFixed(3)}\n`);
  };
  return {
    set,
    now: () => Date.now() + offsetMs,
    command: (words: readonly string[]) => [
      'env',
      `LD_PRELOAD=${faketimeLibrary()}`,
      `FAKETIME_TIMESTAMP_FILE=${file}`,
      'FAKETIME_NO_CACHE=1',
      'FAKETIME_DONT_FAKE_MONOTONIC=1',
      ...words,
    ],
  };
}

it.skipIf(faketime === undefined)(
  'a clock that was ten days ahead for a moment holds back neither schedules nor charts',
  async () => {
    await using folder = await temporaryFolder();
    const clock = settableClock(join(folder.path, 'offset'));
    const noon = Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS / 2;
    clock.set(noon);
    await using penstock = await startPenstock({
      redis: false,
      command: (name, words) => (name === 'broker' ? words : clock.command(words)),
    });
    const config = loadConfig({ PENSTOCK_DATA_DIR: penstock.dataDir });
    const database = await ControlDatabase.open(config);
    await using _closing = { [Symbol.asyncDispose]: () => database.$disconnect() };
    const clockEvents = async () => {
      const rows = await database.event.findMany({
        where: { subject: 'clock' },
        orderBy: { id: 'asc' },
      });
      return rows.map(({ kind }) => kind);
    };
    const runs = async (): Promise<number[]> => {
      const job = 'earthquake-daily-report';
      const rows = await database.batchRun.findMany({ where: { job }, orderBy: { id: 'asc' } });
      return rows.map(({ scheduledFor }) => Number(scheduledFor));
    };
    const told = (count: number, what: string) =>
      eventually(async () => (await clockEvents()).length >= count, { deadlineMs: 30_000, what });

    // The samples' report is due at five past midnight.
    clock.set(clock.now() + 10 * DAY_MS);
    await told(1, 'the jump forward');
    await eventually(async () => (await runs()).length === 1, {
      deadlineMs: 30_000,
      what: 'the run of a schedule that is due by the clock that is ahead',
    });
    await database.batchRun.updateMany({ data: { state: 'cancelled' } });
    clock.set(clock.now() - 10 * DAY_MS);
    await told(2, 'the jump back');
    const back = clock.now();
    await eventually(
      async () =>
        (await database.sample.count({
          where: { tierSeconds: 10, at: { gte: BigInt(back), lte: BigInt(clock.now()) } },
        })) > 0,
      { deadlineMs: 40_000, what: 'a point of the charts after the clock was set right' },
    );
    const ahead = { at: { gt: BigInt(clock.now() + DAY_MS) } };
    await eventually(async () => (await database.sample.count({ where: ahead })) === 0, {
      deadlineMs: 10_000,
      what: 'no point of the clock that was ahead',
    });

    const due = noon + DAY_MS / 2 + 5 * 60_000;
    clock.set(due - 2_000);
    await eventually(async () => (await runs()).includes(due), {
      deadlineMs: 30_000,
      what: 'the run of five past midnight',
    });
    expect(await clockEvents()).toEqual([
      'CLOCK_WENT_FORWARD',
      'CLOCK_WENT_BACK',
      'CLOCK_WENT_FORWARD',
    ]);
  },
  180_000,
);
