import { eventually } from '@penstock/testing';
import { base64, expectEqual, randomValue, type Capability, type CheckContext } from '../check.ts';
import type { SentRecord } from '../protocol.ts';

/** The least that Apache Kafka takes. */
const SEGMENT_BYTES = 1_048_576;
/** Compaction looks every fifteen seconds, and takes two passes. */
const COMPACTED_WITHIN_MS = 120_000;

export const compactionCapabilities: Capability[] = [
  {
    id: 'compacted',
    what: 'reads a compacted topic to its end: emptied segments, a removed tombstone, deleted records',
    check: checkCompacted,
  },
];

/**
 * Compaction leaves empty batches at the ends of segments. Clients that continue after the last
 * record they got must be given the records that follow.
 */
async function checkCompacted(context: CheckContext): Promise<void> {
  const topic = await context.topic('compacted', 1, {
    'cleanup.policy': 'compact,delete',
    'segment.bytes': String(SEGMENT_BYTES),
    'min.cleanable.dirty.ratio': '0.01',
    'delete.retention.ms': '0',
  });
  const place = { topic, partition: 0 };
  const keys = Array.from({ length: 12 }, (_, i) => `k${i}`);
  let end = 0;
  const send = async (key: string, bytes: number): Promise<void> => {
    const value = bytes === 0 ? null : randomValue(bytes);
    const records: SentRecord[] = [{ key: base64(key), value, headers: [] }];
    await context.helper.do('produce', { ...place, records });
    end += 1;
  };
  // A segment and more of records, tombstones for them at the end of a segment.
  for (const key of keys) await send(key, 100_000);
  for (const key of keys) await send(key, 0);
  await send('large', 900_000);
  await send('large', 900_000);
  const read = async (from: 'earliest' | number): Promise<number[]> => {
    const request = { ...place, from, count: 3, timeoutMs: 3_000 } as const;
    const { records } = await context.driver.do('read', request);
    return records.map(({ offset }) => offset);
  };
  const readsOnly = (...wanted: number[]) =>
    eventually(async () => String(await read('earliest')) === String(wanted), {
      what: `a reader that gets ${wanted.join(', ')} alone`,
      deadlineMs: COMPACTED_WITHIN_MS,
    });
  // The first pass removes what the tombstones delete; the next, after more records, removes them.
  await eventually(async () => (await read('earliest'))[0]! >= keys.length, {
    what: 'the first pass of compaction',
    deadlineMs: COMPACTED_WITHIN_MS,
  });
  await send('large', 900_000);
  await send('large', 900_000);
  await readsOnly(end - 2, end - 1);
  // A read from any removed offset, at a segment's end or in its middle, gets the next record.
  for (const from of [1, 9, 10, 17, 23, 24, 25]) {
    expectEqual(await read(from), [end - 2, end - 1], `offsets read from ${from} on`);
  }
  await context.offersCall(
    'deleting records',
    context.helper.do('deleteRecords', { ...place, before: 15 }),
  );
  expectEqual(await read('earliest'), [end - 2, end - 1], 'offsets read behind deleted records');
}
