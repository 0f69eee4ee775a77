import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ledger, type Penstock } from '@penstock/testing';
import { expect, test } from 'vitest';
import { auditTopic } from './audit.ts';
import { createTopic, filesIn, partitionFolder, startBroker } from './broker.ts';
import { produceSome } from './loads.ts';
import { randomOf, report, rounds, seed } from './settings.ts';
import { WireProducer } from './wire-producer.ts';
import { readByWire } from './wire-reader.ts';

const RECORDS = 60;
const BATCH = 5;
const CORRUPT_MESSAGE = 2;

/** Partitions of several segments each. */
async function brokerWithSegments(ledger: Ledger, partitions: number): Promise<Penstock> {
  const penstock = await startBroker();
  await createTopic(penstock.kafkaPort, partitions, { 'segment.ms': '60' });
  await produceSome(penstock, ledger, { partitions, records: RECORDS, pauseMs: 45 });
  return penstock;
}

const endings = {
  clean: (penstock: Penstock) => penstock.stop('broker'),
  unclean: (penstock: Penstock) => penstock.killHard('broker'),
} as const;

/**
 * Records that cannot be read must be named at their offsets, and all others must be as they were
 * written. Returns the number of missing records per partition.
 */
async function readDamaged(penstock: Penstock, ledger: Ledger, partitions: number) {
  const { records, problems } = await readByWire(penstock.kafkaPort, partitions);
  const byPlace = new Map(
    records.map(({ partition, offset, value }) => [`${partition}/${offset}`, value]),
  );
  const damages = penstock
    .logs('broker')
    .split('\n')
    .filter((line) => line.includes('fromOffset'));
  const missing = Array.from({ length: partitions }, () => 0);
  const named = new Set(problems.map(({ partition, offset }) => `${partition}/${offset}`));
  for (const { partition, offset, value } of ledger.acknowledged) {
    const place = `${partition}/${offset}`;
    if (byPlace.get(place) === value) continue;
    expect([place, byPlace.get(place)]).toEqual([place, undefined]);
    const damage = damages.find((line) => line.includes(`"partition":${partition},`));
    expect([place, named.has(place), damage]).toEqual([place, true, damage]);
    missing[partition]!++;
  }
  for (const { value } of records) expect(ledger.attempted.has(value!)).toBe(true);
  expect(problems.every(({ errorCode }) => errorCode === CORRUPT_MESSAGE)).toBe(true);
  return missing;
}

/** The log continues after the highest offset that was ever given out. */
async function goesOn(penstock: Penstock, partitions: number): Promise<void> {
  const added = new Ledger();
  await produceSome(penstock, added, { partitions, records: BATCH, name: 'added' });
  for (const { offset } of added.acknowledged) expect(offset).toBeGreaterThanOrEqual(RECORDS);
}

for (const [ending, end] of Object.entries(endings)) {
  test(`fault 7: a flipped bit in a closed segment costs its batch alone, after a ${ending} end`, async () => {
    const random = randomOf(`7-${ending}`);
    const partitions = rounds(16, 200);
    const ledger = new Ledger();
    await using penstock = await brokerWithSegments(ledger, partitions);
    await end(penstock);
    const flips: string[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      const closed = filesIn(partitionFolder(penstock, partition), '.log').slice(0, -1);
      const file = closed[Math.floor(random() * closed.length)]!;
      const bytes = readFileSync(file);
      const bit = Math.floor(random() * bytes.length * 8);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(file, bytes);
      flips.push(`${partition}: bit ${bit & 7} of byte ${bit >> 3} of ${file}`);
    }
    await penstock.start('broker');
    const missing = await readDamaged(penstock, ledger, partitions);
    const tooMany = flips.filter((_, partition) => missing[partition]! > BATCH);
    expect(tooMany).toEqual([]);
    await goesOn(penstock, partitions);
    const lost = missing.reduce((sum, count) => sum + count, 0);
    report(`7 (${ending})`, { seed, flips: flips.length, 'records unreadable': lost, unnamed: 0 });
  });

  test(`fault 8: lost and overwritten pieces of segments are named, after a ${ending} end`, async () => {
    const damages: ((file: string) => void)[] = [
      (file) => truncateSync(file, Math.floor(statSync(file).size / 2)),
      (file) => truncateSync(file, 0),
      (file) => rmSync(file),
      (file) => writeFileSync(file, Buffer.alloc(statSync(file).size)),
      (file) => {
        const bytes = readFileSync(file);
        const from = Math.floor(bytes.length / 3);
        bytes.fill(0, from, Math.min(bytes.length, from + 4096));
        writeFileSync(file, bytes);
      },
    ];
    // Each of them to the first, a middle and the last but one segment.
    const partitions = damages.length * 3;
    const ledger = new Ledger();
    await using penstock = await brokerWithSegments(ledger, partitions);
    await end(penstock);
    let bytes = 0;
    for (let partition = 0; partition < partitions; partition++) {
      const closed = filesIn(partitionFolder(penstock, partition), '.log').slice(0, -1);
      const places = [0, closed.length >> 1, closed.length - 1];
      const file = closed[places[partition % 3]!]!;
      bytes += statSync(file).size;
      damages[Math.floor(partition / 3)]!(file);
    }
    await penstock.start('broker');
    const missing = await readDamaged(penstock, ledger, partitions);
    expect(missing.every((count) => count > 0 && count < RECORDS)).toBe(true);
    await goesOn(penstock, partitions);
    const lost = missing.reduce((sum, count) => sum + count, 0);
    report(`8 (${ending})`, {
      segments: partitions,
      bytes,
      'records unreadable': lost,
      unnamed: 0,
    });
  });

  test(`fault 9: indexes, snapshots and the checkpoint are made again, after a ${ending} end`, async () => {
    const random = randomOf(`9-${ending}`);
    const damages: ((file: string) => void)[] = [
      (file) => rmSync(file),
      (file) => truncateSync(file, Math.floor(statSync(file).size * random())),
      (file) => writeFileSync(file, noise(statSync(file).size, random)),
      (file) => writeFileSync(file, Buffer.alloc(statSync(file).size)),
    ];
    const partitions = 8;
    const ledger = new Ledger();
    await using penstock = await brokerWithSegments(ledger, partitions);
    const own = { port: penstock.kafkaPort, ledger, idempotent: true };
    await using one = new WireProducer({ ...own, name: 'one', partition: 0 }).start();
    await using two = new WireProducer({ ...own, name: 'two', partition: 1 }).start();
    const times: number[] = [];
    let files = 0;
    for (let round = 0; round < rounds(4, 40); round++) {
      const before = ledger.acknowledged.length;
      await expect
        .poll(() => ledger.acknowledged.length, { timeout: 30_000 })
        .toBeGreaterThan(before + 100);
      await end(penstock);
      for (let partition = 0; partition < partitions; partition++) {
        const folder = partitionFolder(penstock, partition);
        for (const file of [...filesIn(folder, '.index'), ...filesIn(folder, '.snapshot')]) {
          damages[Math.floor(random() * damages.length)]!(file);
          files++;
        }
      }
      if (round % 2 === 1) {
        damages[(round >> 1) % damages.length]!(
          join(penstock.dataDir, 'log/partitions.checkpoint'),
        );
        files++;
      }
      const startedAt = performance.now();
      await penstock.start('broker');
      times.push(performance.now() - startedAt);
    }
    await Promise.all([one.stop(), two.stop()]);
    const idempotent = ['one', 'two'];
    const verdict = await auditTopic(penstock, partitions, ledger, { idempotent });
    report(`9 (${ending})`, {
      seed,
      'files damaged': files,
      acked: verdict.acknowledged,
      lost: verdict.lost,
      duplicates: verdict.duplicates,
      'start ms (median/max)': times,
    });
  });
}

function noise(bytes: number, random: () => number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, () => Math.floor(random() * 256)));
}
