import { setTimeout as delay } from 'node:timers/promises';
import { ApiKeys, encodeRecordBatch } from '@penstock/kafka-protocol';
import { WireClient, type Ledger, type Penstock } from '@penstock/testing';
import { TOPIC } from './broker.ts';

export interface SomeRecords {
  readonly partitions: number;
  /** Per partition, in batches of five. */
  readonly records: number;
  readonly name?: string;
  /** Pause between the batches of a partition, for segments that roll by time. */
  readonly pauseMs?: number;
  /** Instead of none: keys `k0` to `k<keys - 1>` in turn. */
  readonly keys?: number;
  /** Partitions in one request; all of them if left out. */
  readonly atOnce?: number;
}

const BATCH = 5;

/** Writes some records to every partition; fails unless all of them are acknowledged. */
export async function produceSome(
  penstock: Penstock,
  ledger: Ledger,
  { partitions, records, name = 'some', pauseMs = 0, keys = 0, atOnce = partitions }: SomeRecords,
): Promise<void> {
  await using client = await WireClient.connect(penstock.kafkaPort);
  for (let written = 0; written < records; written += BATCH) {
    if (written > 0 && pauseMs > 0) await delay(pauseMs);
    for (let from = 0; from < partitions; from += atOnce) {
      const all = range(from, Math.min(from + atOnce, partitions)).map((partition) => {
        const values = Array.from({ length: BATCH }, () => ledger.attempt(`${name}-${partition}`));
        const timestamp = Date.now();
        const batch = encodeRecordBatch({
          records: values.map((value, index) => ({
            timestamp,
            key: keys > 0 ? Buffer.from(`k${(written + index) % keys}`) : null,
            value: Buffer.from(value),
          })),
        });
        return { partition, values, batch };
      });
      const answer = await client.send(ApiKeys.Produce, 9, {
        acks: -1,
        timeoutMs: 30_000,
        topicData: [
          {
            name: TOPIC,
            partitionData: all.map(({ partition, batch }) => ({
              index: partition,
              records: batch,
            })),
          },
        ],
      });
      for (const { index, errorCode, baseOffset } of answer.responses[0]!.partitionResponses) {
        if (errorCode !== 0) throw new Error(`produce to ${index}: error ${errorCode}`);
        const { values } = all[index - from]!;
        values.forEach((value, at) => ledger.acknowledge(index, baseOffset + at, value));
      }
    }
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
