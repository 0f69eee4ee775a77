import { setTimeout as delay } from 'node:timers/promises';
import {
  contentOf,
  expectEqual,
  expectTrue,
  numberedRecords,
  type Capability,
  type CheckContext,
} from '../check.ts';

export const consumeCapabilities: Capability[] = [
  {
    id: 'read-from',
    what: 'reads from the beginning, from an offset in the middle of a batch, from the end on',
    check: checkReadFrom,
  },
  {
    id: 'offsets',
    what: 'asks for the first and the last offset, and for those of timestamps between, before and after',
    check: checkOffsets,
  },
  {
    id: 'del-records',
    what: 'deletes records up to an offset: the first offset moves, reading starts there',
    async check(context) {
      const { topic } = await filled(context, 'delete-records');
      const place = { topic, partition: 0 };
      const { low } = await context.driver.do('deleteRecords', { ...place, before: 7 });
      expectEqual(low, 7, 'low watermark');
      const back = await context.driver.do('read', { ...place, from: 'earliest', count: 13 });
      expectEqual(back.records[0]?.offset, 7, 'first offset read');
      expectEqual(back.records.length, 13, 'records left');
    },
  },
  {
    id: 'log-dirs',
    what: 'finds the partitions of a topic and their bytes in the log folders',
    async check(context) {
      const { topic } = await filled(context, 'log-dirs');
      const { bytes } = await context.driver.do('logDirs', { topic });
      expectTrue(bytes > 500, `${bytes} bytes for twenty records`);
    },
  },
];

/** Twenty records in one batch, a second apart where the client can say so. */
async function filled(context: CheckContext, what: string) {
  const topic = await context.topic(what);
  const start = Date.now() - 3_600_000;
  const records = numberedRecords(20, { timestamps: start });
  const timed = context.client.lacks?.includes('timestamps') ? numberedRecords(20) : records;
  await context.driver.do('produce', { topic, partition: 0, records: timed });
  return { topic, records, start };
}

async function checkReadFrom(context: CheckContext): Promise<void> {
  const { driver } = context;
  const { topic, records } = await filled(context, 'read-from');
  const place = { topic, partition: 0 };
  const all = await driver.do('read', { ...place, from: 'earliest', count: 20 });
  expectEqual(all.records.map(contentOf), records.map(contentOf), 'from the beginning');
  const middle = await driver.do('read', { ...place, from: 13, count: 7 });
  expectEqual(
    middle.records.map(({ offset }) => offset),
    [13, 14, 15, 16, 17, 18, 19],
    'from 13',
  );

  // A reader from the end must be there before the record: records are sent until one arrives.
  const reading = driver.do('read', { ...place, from: 'latest', count: 1, timeoutMs: 20_000 });
  const sender = context.another();
  const over = reading.then(() => true).catch(() => true);
  for (let isOver = false; !isOver;) {
    await sender.do('produce', { ...place, records: records.slice(0, 1) });
    isOver = await Promise.race([over, delay(200, false)]);
  }
  const fromEnd = (await reading).records;
  expectTrue(fromEnd.length > 0, 'nothing came to a reader from the end');
  expectTrue(
    fromEnd[0]!.offset >= 20,
    `offset ${fromEnd[0]?.offset} came to a reader from the end`,
  );
}

async function checkOffsets(context: CheckContext): Promise<void> {
  const { driver } = context;
  const { topic, start } = await filled(context, 'offsets');
  const place = { topic, partition: 0 };
  const offsetAt = async (at: string | number) =>
    (await driver.do('offsetsFor', { ...place, at })).offset;
  expectEqual(await offsetAt('earliest'), 0, 'earliest');
  expectEqual(await offsetAt('latest'), 20, 'latest');
  if (!context.offers('timestamps')) return;
  expectEqual(await offsetAt(start), 0, 'the first timestamp');
  expectEqual(await offsetAt(start + 8000), 8, 'a timestamp that is there');
  expectEqual(await offsetAt(start + 8001), 9, 'a timestamp between two');
  // Some clients translate "none" into the end of the log.
  const after = await offsetAt(start + 60_000);
  expectTrue(after === -1 || after === 20, `offset ${after} for a timestamp after all`);
  expectEqual(await offsetAt(1), 0, 'a timestamp before all');
  const largest = offsetAt('max-timestamp').then((offset) => expectEqual(offset, 19, 'largest'));
  await context.offersCall('the offset of the largest timestamp', largest);
}
