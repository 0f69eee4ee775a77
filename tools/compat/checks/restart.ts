import { setTimeout as delay } from 'node:timers/promises';
import { base64, expectEqual, expectTrue, type Capability, type CheckContext } from '../check.ts';
import type { ReadRecord } from '../protocol.ts';
import { NotOffered } from '../driver.ts';

const RECORDS = 300;

export const restartCapabilities: Capability[] = [
  {
    id: 'restart',
    what: 'kill -9 of the broker while producer and group member work: both go on, all is there, once',
    check: checkRestart,
  },
];

async function checkRestart(context: CheckContext): Promise<void> {
  const { driver, broker } = context;
  if (broker.crashAndRestart === undefined) throw new NotOffered('not with a broker of others');
  const topic = await context.topic('restart');
  const idempotent = context.offers('idempotence');
  const records = Array.from({ length: RECORDS }, (_, index) => ({
    key: null,
    value: base64(`record ${index}`),
  }));
  const isMember = context.offers('group members');
  const member = isMember ? context.another() : undefined;
  await member?.do('join', { group: context.name('restart'), topics: [topic] });
  const producing = driver.do('produce', { topic, partition: 0, idempotent, records, everyMs: 10 });
  producing.catch(() => undefined);
  await delay(RECORDS * 3);
  await broker.crashAndRestart();
  await producing;
  const found: ReadRecord[] = [];
  if (member === undefined) {
    const read = { topic, partition: 0, from: 'earliest', count: RECORDS } as const;
    found.push(...(await driver.do('read', read)).records);
  } else {
    const deadline = performance.now() + 40_000;
    while (valuesOf(found).length < RECORDS && performance.now() < deadline) {
      found.push(...(await member.do('poll', { ms: 200 })).records);
    }
    await member.do('leave', {});
  }
  const values = valuesOf(found);
  const wanted = records.map(({ value }) => atob(value));
  const missing = wanted.filter((value) => !values.includes(value));
  expectTrue(
    missing.length === 0,
    `${missing.length} acknowledged records are gone: ${missing[0]}`,
  );
  if (!idempotent) return;
  const at = wanted.findIndex((value, index) => value !== values[index]);
  expectEqual(
    values.slice(at, at + 3),
    wanted.slice(at, at + 3),
    `records, in order, from ${at} on`,
  );
  expectEqual(values.length, RECORDS, 'records');
}

/** Each offset once: a member that had to join again has committed nothing and reads again. */
function valuesOf(records: readonly ReadRecord[]): string[] {
  const byOffset = new Map(records.map(({ offset, value }) => [offset, atob(value!)]));
  return [...byOffset.keys()].sort((a, b) => a - b).map((offset) => byOffset.get(offset)!);
}
