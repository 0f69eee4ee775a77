import { gzipSync, zstdCompressSync } from 'node:zlib';
import { ApiKeys, encodeRecordBatch } from '@penstock/kafka-protocol';
import { Ledger, SeededRandom, WireClient } from '@penstock/testing';
import { expect, test } from 'vitest';
import { lyingBatch } from '../fuzz/lying-batches.ts';
import { auditTopic } from './audit.ts';
import { createTopic, residentBytes, startBroker, TOPIC } from './broker.ts';
import { produceSome } from './loads.ts';
import { report, rounds, seed } from './settings.ts';
import { logRange, readByWire } from './wire-reader.ts';

const MIB = 1024 * 1024;

async function produce(client: WireClient, records: Buffer, topic = TOPIC): Promise<number> {
  const answer = await client.send(ApiKeys.Produce, 9, {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
  });
  return answer.responses[0]!.partitionResponses[0]!.errorCode;
}

test('fault 29: batches that lie are refused, and leave nothing behind', async () => {
  const random = new SeededRandom(seed);
  const ledger = new Ledger();
  await using penstock = await startBroker();
  await createTopic(penstock.kafkaPort, 1);
  await createTopic(penstock.kafkaPort, 1, {}, 'lies');
  await produceSome(penstock, ledger, { partitions: 1, records: 50 });
  await using client = await WireClient.connect(penstock.kafkaPort);
  const errors = new Map<number, number>();
  const count = rounds(2_000, 100_000);
  let taken = 0;
  for (let round = 0; round < count; round++) {
    const before = (await logRange(client, 'lies', 0)).end;
    const errorCode = await produce(client, lyingBatch(random), 'lies');
    errors.set(errorCode, (errors.get(errorCode) ?? 0) + 1);
    const after = (await logRange(client, 'lies', 0)).end;
    if (errorCode === 0) taken++;
    else expect([errorCode, after]).toEqual([errorCode, before]);
  }
  // A mutation may leave a batch that is well-formed; what was taken must be readable.
  const { problems } = await readByWire(penstock.kafkaPort, 1, 'lies');
  expect(problems).toEqual([]);
  await penstock.killHard('broker');
  await penstock.start('broker');
  const { lost } = await auditTopic(penstock, 1, ledger);
  const codes = [...errors].map(([code, times]) => `${code}:${times}`).join(' ');
  report(29, { seed, batches: count, 'well-formed after all': taken, 'error codes': codes, lost });
});

test('fault 30: a batch that unpacks to much more costs bounded memory', async () => {
  const ledger = new Ledger();
  await using penstock = await startBroker();
  const { kafkaPort: port } = penstock;
  await createTopic(port, 1, { 'max.message.bytes': String(16 * MIB) });
  // With this rule the broker has to look into batches.
  await createTopic(
    port,
    1,
    { 'cleanup.policy': 'compact', 'max.message.bytes': String(16 * MIB) },
    'looked-into',
  );
  await produceSome(penstock, ledger, { partitions: 1, records: 50 });
  const before = residentBytes(penstock.pid('broker'));
  let most = before;
  const outcomes: number[] = [];
  for (const codec of ['gzip', 'zstd'] as const) {
    const bomb = bombOf(codec, 1024);
    for (const topic of [TOPIC, 'looked-into']) {
      await using client = await WireClient.connect(port);
      const answers = Array.from({ length: 4 }, () => produce(client, Buffer.from(bomb), topic));
      for (const answer of answers) {
        outcomes.push(await answer);
        most = Math.max(most, residentBytes(penstock.pid('broker')));
      }
    }
  }
  await createTopic(port, 1, {}, 'after');
  expect(most - before).toBeLessThan(512 * MIB);
  expect(outcomes.every((code) => code !== 0)).toBe(true);
  const { lost } = await auditTopic(penstock, 1, ledger);
  report(30, {
    bombs: outcomes.length,
    'unpacked MB each': 1024,
    'grown MB': Math.round((most - before) / MIB),
    lost,
  });
});

/** A batch of one record whose compressed part unpacks to so many MiB of zeros. */
function bombOf(codec: 'gzip' | 'zstd', megabytes: number): Buffer {
  const zeros = Buffer.alloc(megabytes * MIB);
  const compress = codec === 'gzip' ? gzipSync : zstdCompressSync;
  return encodeRecordBatch({
    records: [{ timestamp: Date.now(), key: Buffer.from('k'), value: Buffer.from('v') }],
    compression: codec,
    codecs: { compress: () => compress(zeros), decompress: () => Buffer.alloc(0) },
  });
}
