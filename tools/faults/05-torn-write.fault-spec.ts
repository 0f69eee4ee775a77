import { appendFileSync, readFileSync, truncateSync } from 'node:fs';
import { encodeRecordBatch, recordBatches } from '@penstock/kafka-protocol';
import { Ledger, type Penstock } from '@penstock/testing';
import { expect, test } from 'vitest';
import { createTopic, cutBytes, filesIn, partitionFolder, startBroker } from './broker.ts';
import { produceSome } from './loads.ts';
import { report } from './settings.ts';
import { readByWire } from './wire-reader.ts';

const RECORDS = 15;

/** A batch as a producer's next would stand in the file. */
const next = encodeRecordBatch({
  baseOffset: RECORDS,
  partitionLeaderEpoch: 0,
  records: [{ timestamp: Date.now(), value: Buffer.from('never acknowledged') }],
});

const logOf = (penstock: Penstock, partition: number) =>
  filesIn(partitionFolder(penstock, partition), '.log').at(-1)!;

async function readCounts(penstock: Penstock, partitions: number): Promise<number[]> {
  const { records, problems } = await readByWire(penstock.kafkaPort, partitions);
  expect(problems).toEqual([]);
  const counts = Array.from({ length: partitions }, () => 0);
  for (const { partition } of records) counts[partition]!++;
  return counts;
}

test('fault 5: a write torn at any byte is cut off, and nothing else is', async () => {
  // One partition for each place at which the batch can be torn.
  const partitions = next.length + 1;
  await using penstock = await startBroker();
  await createTopic(penstock.kafkaPort, partitions);
  const ledger = new Ledger();
  await produceSome(penstock, ledger, { partitions, records: RECORDS });
  await penstock.killHard('broker');
  for (let size = 0; size < partitions; size++) {
    appendFileSync(logOf(penstock, size), next.subarray(0, size));
  }
  await penstock.start('broker');
  const counts = await readCounts(penstock, partitions);
  // Only the last one is whole.
  expect(counts).toEqual(counts.map((_, size) => RECORDS + (size === next.length ? 1 : 0)));
  const cut = cutBytes(penstock);
  expect(cut).toBe(((next.length - 1) * next.length) / 2);
  // The log goes on where it ended.
  await produceSome(penstock, ledger, { partitions, records: 5 });
  expect(await readCounts(penstock, partitions)).toEqual(counts.map((count) => count + 5));
  const acked = ledger.acknowledged.length;
  report(5, { 'places torn': partitions, acked, lost: 0, 'cut bytes': cut });
});

test('fault 5: a durable batch that was shortened is reported, and its offsets are not given again', async () => {
  const partitions = 40;
  await using penstock = await startBroker();
  await createTopic(penstock.kafkaPort, partitions);
  const ledger = new Ledger();
  await produceSome(penstock, ledger, { partitions, records: RECORDS });
  await penstock.killHard('broker');
  for (let partition = 0; partition < partitions; partition++) {
    const file = logOf(penstock, partition);
    const bytes = readFileSync(file);
    const last = [...recordBatches(bytes)].at(-1)!;
    const kept = Math.floor((partition * (bytes.length - last.position)) / partitions);
    truncateSync(file, last.position + kept);
  }
  await penstock.start('broker');
  const { records, problems } = await readByWire(penstock.kafkaPort, partitions);
  expect(records).toHaveLength(partitions * (RECORDS - 5));
  expect(new Set(problems.map(({ partition }) => partition)).size).toBe(partitions);
  expect(new Set(problems.map(({ errorCode }) => errorCode))).toEqual(new Set([2]));
  const added = new Ledger();
  await produceSome(penstock, added, { partitions, records: 5 });
  for (const { offset } of added.acknowledged) expect(offset).toBeGreaterThanOrEqual(RECORDS);
  report('5 (durable)', {
    'batches shortened': partitions,
    'records named as damaged': problems.length,
    'offsets given twice': 0,
  });
});
