import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { compressionCodecs } from '@penstock/kafka-log';
import {
  ApiKeys,
  computeRecordBatchCrc,
  encodeRecordBatch,
  ErrorCodes,
  type Compression,
} from '@penstock/kafka-protocol';
import { TestBroker, WireClient } from '@penstock/testing';
import { expect, test } from 'vitest';

/**
 * Batches that lie, under a CRC that is right. The codes are those of Apache Kafka 4.3.1 for the
 * same bytes.
 */

const MIB = 1024 * 1024;

type Lie = [what: string, tell: (batch: Buffer) => Buffer | void, errorCode: number];

const LIES: readonly Lie[] = [
  ['a wrong CRC', (batch) => void batch.writeUInt32BE(1, 17), ErrorCodes.CORRUPT_MESSAGE],
  ['magic 0', (batch) => void batch.writeInt8(0, 16), ErrorCodes.INVALID_RECORD],
  ['magic 1', (batch) => void batch.writeInt8(1, 16), ErrorCodes.INVALID_RECORD],
  ['more records than there are', counts(9), ErrorCodes.INVALID_RECORD],
  ['fewer records than there are', counts(1), ErrorCodes.INVALID_RECORD],
  ['no records', counts(0), ErrorCodes.INVALID_RECORD],
  ['a negative count', counts(-1), ErrorCodes.INVALID_RECORD],
  ['another last offset', (batch) => void batch.writeInt32BE(7, 23), ErrorCodes.INVALID_RECORD],
  ['a base offset', (batch) => void batch.writeBigInt64BE(5n, 0), ErrorCodes.INVALID_RECORD],
  ['the control bit', (batch) => void batch.writeInt16BE(0x20, 21), ErrorCodes.INVALID_RECORD],
  [
    'the transactional bit without an id',
    (batch) => void batch.writeInt16BE(0x10, 21),
    ErrorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  ],
  ['two batches', (batch) => Buffer.concat([batch, batch]), ErrorCodes.INVALID_RECORD],
  ['the beginning of a batch', (batch) => batch.subarray(0, -1), ErrorCodes.INVALID_RECORD],
  ['the beginning of a header', (batch) => batch.subarray(0, 40), ErrorCodes.INVALID_RECORD],
  ['nothing', () => Buffer.alloc(0), ErrorCodes.INVALID_RECORD],
  ['times of the future', atTime(Date.now() + 7_200_000), ErrorCodes.INVALID_TIMESTAMP],
  [
    'a time before all times',
    (batch) => void batch.writeBigInt64BE(-(2n ** 63n), 27),
    ErrorCodes.INVALID_TIMESTAMP,
  ],
];

test.each(LIES)(
  'a batch with %s gets its error and is not appended',
  async (_, tell, errorCode) => {
    await using broker = await TestBroker.start();
    await using client = await WireClient.connect(broker.port);
    await topic(client);
    const timestamp = Date.now();
    const batch = encodeRecordBatch({
      records: ['a', 'b', 'c'].map((value) => ({ timestamp, value: Buffer.from(value) })),
    });
    const crc = batch.readUInt32BE(17);
    const lie = tell(batch) ?? batch;
    // The CRC is put right, unless it is the lie.
    if (lie.length >= batch.length && batch.readUInt32BE(17) === crc) {
      lie.writeUInt32BE(computeRecordBatchCrc(lie.subarray(0, batch.length)), 17);
    }
    expect(await produce(client, lie)).toMatchObject({ errorCode, baseOffset: -1 });
    expect(broker.broker.context.topics.byName('lies')?.log(0)?.logEndOffset).toBe(0);
    expect(await produce(client, encodeRecordBatch({ records: [{ timestamp }] }))).toMatchObject({
      errorCode: ErrorCodes.NONE,
      baseOffset: 0,
    });
  },
);

test.each<Compression>(['gzip', 'snappy', 'lz4', 'zstd'])(
  'a bomb in %s costs little time and memory, whatever becomes of it',
  async (compression) => {
    await using broker = await TestBroker.start();
    await using client = await WireClient.connect(broker.port);
    await topic(client);
    // Zeros of hundreds of megabytes in a few kilobytes, or what the codec makes of them.
    const bomb = encodeRecordBatch({
      records: [
        { timestamp: Date.now(), value: Buffer.alloc(compression === 'snappy' ? 20 : 200) },
      ],
    });
    const packed = compressionCodecs.compress(compression as never, Buffer.alloc(200 * MIB));
    if (packed.length > 900_000) packed.fill(0, 900_000);
    const batch = Buffer.concat([bomb.subarray(0, 61), packed.subarray(0, 900_000)]);
    batch.writeInt32BE(batch.length - 12, 8);
    batch.writeInt16BE(['none', 'gzip', 'snappy', 'lz4', 'zstd'].indexOf(compression), 21);
    batch.writeUInt32BE(computeRecordBatchCrc(batch), 17);
    collectGarbage();
    const before = process.memoryUsage().arrayBuffers;
    const { errorCode } = await produce(client, batch);
    expect(errorCode).not.toBe(ErrorCodes.NONE);
    // At most 128 MiB, in buffers each twice as large as the one before; and nothing of it stays.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256 * MIB);
    collectGarbage();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * MIB);
    expect(broker.broker.context.topics.byName('lies')?.log(0)?.logEndOffset).toBe(0);
  },
);

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  // The first may have ended one that was under way.
  collect();
}

function counts(recordCount: number) {
  return (batch: Buffer): void => {
    batch.writeInt32BE(recordCount, 57);
    batch.writeInt32BE(recordCount - 1, 23);
  };
}

function atTime(timestamp: number) {
  return (): Buffer => encodeRecordBatch({ records: [{ timestamp, value: Buffer.from('a') }] });
}

async function topic(client: WireClient): Promise<void> {
  await client.send(ApiKeys.CreateTopics, 7, {
    topics: [
      { name: 'lies', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
    ],
    validateOnly: false,
  });
}

async function produce(client: WireClient, records: Buffer) {
  const answer = await client.send(ApiKeys.Produce, 9, {
    acks: -1,
    timeoutMs: 5_000,
    topicData: [{ name: 'lies', partitionData: [{ index: 0, records }] }],
  });
  return answer.responses[0]!.partitionResponses[0]!;
}
