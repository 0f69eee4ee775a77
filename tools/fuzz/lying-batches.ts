import { compressionCodecs } from '@penstock/kafka-log';
import {
  COMPRESSIONS,
  computeRecordBatchCrc,
  encodeRecordBatch,
  type RecordInput,
} from '@penstock/kafka-protocol';
import type { SeededRandom } from '@penstock/testing';

const CRC_POSITION = 17;
const HEADER_BYTES = 61;

/** A batch as a producer sends it. */
export function honestBatch(random: SeededRandom): Buffer {
  const timestamp = Date.now() - random.int(0, 10_000);
  const records = Array.from({ length: random.int(1, 6) }, (_, index): RecordInput => ({
    timestamp: timestamp + index,
    key: random.chance(0.6) ? random.bytes(random.int(0, 12)) : null,
    value: random.chance(0.9) ? random.bytes(random.int(0, 300)) : null,
    headers: random.chance(0.2) ? [{ key: 'h', value: random.bytes(3) }] : [],
  }));
  return encodeRecordBatch({
    records,
    compression: random.pick(COMPRESSIONS),
    codecs: compressionCodecs,
  });
}

/** A batch that says something untrue under a CRC that is right, mostly. */
export function lyingBatch(random: SeededRandom): Buffer {
  const batch = honestBatch(random);
  random.pick(LIES)(batch, random);
  if (random.chance(0.1)) return batch.subarray(0, random.int(0, batch.length));
  if (random.chance(0.1)) return Buffer.concat([batch, honestBatch(random)]);
  if (random.chance(0.9) && batch.length >= HEADER_BYTES) {
    batch.writeUInt32BE(computeRecordBatchCrc(batch), CRC_POSITION);
  }
  return batch;
}

type Lie = (batch: Buffer, random: SeededRandom) => void;

const INT32S = [-0x80000000, -1, 0, 1, 2, 100, 0x7fffffff];
const INT64S = [-(2n ** 63n), -2n, -1n, 0n, 1n, 2n ** 53n, 2n ** 63n - 1n];

function int32At(position: number): Lie {
  return (batch, random) => void batch.writeInt32BE(random.pick(INT32S), position);
}

function int64At(position: number): Lie {
  return (batch, random) => void batch.writeBigInt64BE(random.pick(INT64S), position);
}

const LIES: readonly Lie[] = [
  int64At(0), // base offset
  int32At(8), // length
  int32At(12), // leader epoch
  (batch, random) => void batch.writeInt8(random.pick([-1, 0, 1, 3, 127]), 16), // magic
  (batch, random) => void batch.writeUInt32BE(random.int(0, 0x7fffffff), CRC_POSITION),
  (batch, random) => void batch.writeInt16BE(random.int(0, 0x7f), 21), // attributes
  (batch, random) => void batch.writeInt16BE(random.int(0, 7), 21), // another compression
  int32At(23), // last offset delta
  int64At(27), // base timestamp
  int64At(35), // max timestamp
  int64At(43), // producer id
  (batch, random) => void batch.writeInt16BE(random.pick([-1, 0, 1, 0x7fff]), 51),
  int32At(53), // base sequence
  int32At(57), // record count
  flipRecordBytes,
  (batch, random) => {
    const count = random.pick(INT32S);
    batch.writeInt32BE(count, 57);
    batch.writeInt32BE((count - 1) | 0, 23);
  },
];

function flipRecordBytes(batch: Buffer, random: SeededRandom): void {
  for (let times = random.int(1, 4); times > 0; times -= 1) {
    batch[random.int(HEADER_BYTES, batch.length - 1)] = random.int(0, 255);
  }
}
