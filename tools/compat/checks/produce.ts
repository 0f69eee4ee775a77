import {
  base64,
  contentOf,
  expectEqual,
  expectRefusal,
  expectTrue,
  numberedRecords,
  randomValue,
  type Capability,
  type CheckContext,
} from '../check.ts';
import type { Codec, SentRecord } from '../protocol.ts';
import { batchesOf } from '../wire-probe.ts';

/** Kafka's default: a batch may have as many bytes, and not one more. */
const MESSAGE_BYTES_MAX = 1_048_588;
const HOUR_MS = 3_600_000;

export const produceCapabilities: Capability[] = [
  { id: 'records', what: recordsText(), check: checkRecords },
  {
    id: 'acks',
    what: 'acks=0, acks=1 and acks=all, offsets told where they are asked for',
    async check(context) {
      const topic = await context.topic('acks');
      const acks = context.offers('acks=0')
        ? (['1', 'all', '0'] as const)
        : (['1', 'all'] as const);
      for (const one of acks) {
        const records = numberedRecords(5);
        const sent = { topic, partition: 0, acks: one, records };
        const { placed } = await context.driver.do('produce', sent);
        if (one === '0' || !context.offers('offsets of what it sent')) continue;
        const first = one === '1' ? 0 : 5;
        expectEqual(
          placed.map(([, offset]) => offset),
          [0, 1, 2, 3, 4].map((n) => n + first),
          one,
        );
      }
      const count = acks.length * 5;
      const { records } = await context.driver.do('read', {
        topic,
        partition: 0,
        from: 'earliest',
        count,
      });
      expectEqual(records.length, count, 'records read');
    },
  },
  ...(['gzip', 'snappy', 'lz4', 'zstd'] as const).map((codec) => ({
    id: codec,
    what: `${codec}: what lies in the log is really compressed by it, and reads back equal`,
    check: (context: CheckContext) => checkCodec(context, codec),
  })),
  {
    id: 'idempotent',
    what: 'an idempotent producer: batches carry producer id and sequence, order and number are kept',
    async check(context) {
      context.needs('idempotence');
      const topic = await context.topic('idempotent');
      const records = numberedRecords(500);
      const { driver, broker } = context;
      await driver.do('produce', { topic, partition: 0, idempotent: true, records });
      const batches = await batchesOf(broker.servers, { topic, partition: 0 });
      for (const batch of batches) {
        expectTrue(batch.producerId >= 0, 'a batch has no producer id');
        expectEqual(batch.baseSequence, batch.baseOffset, 'sequence');
      }
      const read = { topic, partition: 0, from: 'earliest', count: 500 } as const;
      const back = await driver.do('read', read);
      expectEqual(back.records.map(contentOf), records.map(contentOf), 'records');
    },
  },
  {
    id: 'size-limit',
    what: 'one record just below max.message.bytes is taken, one just above is refused, as MESSAGE_TOO_LARGE',
    check: checkSizeLimit,
  },
  {
    id: 'partitioner',
    what: 'the client spreads keys over partitions and keeps equal keys together, in order',
    async check(context) {
      const topic = await context.topic('partitioner', 4);
      const records = Array.from({ length: 100 }, (_, index) => ({
        key: base64(`key-${index % 20}`),
        value: base64(String(index)),
      }));
      await context.driver.do('produce', { topic, partition: -1, records });
      const byKey = new Map<string, number[]>();
      const used = new Set<number>();
      for (let partition = 0; partition < 4; partition++) {
        const [last] = (await batchesOf(context.broker.servers, { topic, partition })).slice(-1);
        if (last === undefined) continue;
        used.add(partition);
        const count = last.baseOffset + last.records;
        const read = { topic, partition, from: 'earliest', count } as const;
        for (const { key, value } of (await context.driver.do('read', read)).records) {
          byKey.set(key!, [...(byKey.get(key!) ?? []), Number(atob(value!))]);
        }
      }
      expectTrue(used.size > 1, 'all keys went to one partition');
      expectEqual(byKey.size, 20, 'keys');
      for (const [key, numbers] of byKey) {
        const first = Number(atob(key).slice(4));
        expectEqual(
          numbers,
          [0, 1, 2, 3, 4].map((n) => n * 20 + first),
          `order of ${atob(key)}`,
        );
      }
    },
  },
];

function recordsText(): string {
  return 'keys, headers (twice the same name, null, empty), null and empty values, timestamps: read back as sent';
}

async function checkRecords(context: CheckContext): Promise<void> {
  const topic = await context.topic('records');
  const timestamp = Date.now() - HOUR_MS;
  const all: SentRecord[] = [
    { key: base64('k'), value: base64('plain'), timestamp },
    { key: null, value: base64('no key'), timestamp: timestamp + 1 },
    { key: base64('tombstone'), value: null, timestamp: timestamp + 2 },
    { key: base64(''), value: base64(''), timestamp: timestamp + 3 },
    { key: base64('ü\u0000'), value: base64('\u0000\n"ü"'), timestamp: timestamp + 4 },
  ];
  if (!context.offers('null keys and values apart from empty ones')) all.splice(1, 4);
  if (context.offers('headers')) {
    const headers: [string, string | null][] = [['h', base64('1')]];
    if (context.offers('equal header names')) headers.push(['h', base64('2')]);
    if (context.offers('null header values')) headers.push(['nothing', null]);
    if (context.offers('empty headers')) headers.push(['empty', '']);
    all.push({ key: base64('k'), value: base64('headers'), headers, timestamp: timestamp + 5 });
  }
  const timed = context.offers('timestamps');
  const records = timed ? all : all.map(({ timestamp: _, ...record }) => record);
  const before = Date.now();
  const { placed } = await context.driver.do('produce', { topic, partition: 0, records });
  if (context.offers('offsets of what it sent')) {
    expectEqual(
      placed,
      records.map((_, index) => [0, index]),
      'partitions and offsets told',
    );
  }
  const back = await context.driver.do('read', {
    topic,
    partition: 0,
    from: 'earliest',
    count: records.length,
  });
  expectEqual(back.records.map(contentOf), records.map(contentOf), 'records');
  expectEqual(
    back.records.map(({ offset }) => offset),
    records.map((_, index) => index),
    'offsets',
  );
  for (const [index, { timestamp: found }] of back.records.entries()) {
    if (timed) expectEqual(found, all[index]!.timestamp, 'timestamp');
    else {
      expectTrue(found >= before && found <= Date.now(), `timestamp ${found} is not the present`);
    }
  }
}

async function checkCodec(context: CheckContext, codec: Codec): Promise<void> {
  const topic = await context.topic(codec);
  const records = numberedRecords(200, timesOf(context));
  await context.driver.do('produce', { topic, partition: 0, codec, records });
  const batches = await batchesOf(context.broker.servers, { topic, partition: 0 });
  const found = [...new Set(batches.map((batch) => batch.codec))];
  expectEqual(found, [codec], 'codec of the batches in the log');
  const bytes = batches.reduce((sum, batch) => sum + batch.bytes, 0);
  const plain = records.reduce((sum, { value }) => sum + value!.length * 0.75, 0);
  expectTrue(bytes < plain, `${bytes} bytes of batches for ${plain} bytes of values`);
  const read = { topic, partition: 0, from: 'earliest', count: 200 } as const;
  const back = await context.driver.do('read', read);
  expectEqual(back.records.map(contentOf), records.map(contentOf), 'records');
}

function timesOf(context: CheckContext): { timestamps?: number } {
  return context.client.lacks?.includes('timestamps') ? {} : { timestamps: Date.now() - HOUR_MS };
}

async function checkSizeLimit(context: CheckContext): Promise<void> {
  const topic = await context.topic('size-limit');
  const one = (bytes: number) => ({
    topic,
    partition: 0,
    records: [{ key: null, value: randomValue(bytes) }],
  });
  // Around a value of this size a batch of one record has some 70 bytes of its own.
  await context.driver.do('produce', one(MESSAGE_BYTES_MAX - 100));
  await expectRefusal(
    context.driver.do('produce', one(MESSAGE_BYTES_MAX)),
    /toolarge|largerthanthemax|code10|toobig|sizetoolarge/i,
    'a record above the limit',
  );
  const [batch] = await batchesOf(context.broker.servers, { topic, partition: 0 });
  expectTrue(batch !== undefined && batch.bytes <= MESSAGE_BYTES_MAX, 'the batch is in the log');
}
