import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Ledger, repositoryRoot, run, type Penstock } from '@penstock/testing';
import { expect, test } from 'vitest';
import { auditTopic } from './audit.ts';
import { createTopic, logBytes, startBroker } from './broker.ts';
import { produceSome } from './loads.ts';
import { randomOf, report, rounds, seed } from './settings.ts';
import { WireProducer } from './wire-producer.ts';

const PARTITIONS = 3;
const databaseFiles = (penstock: Penstock) =>
  ['', '-wal', '-shm'].map((ending) => join(penstock.dataDir, `broker.db${ending}`));

function recover(penstock: Penstock, ...words: string[]): Promise<{ stdout: string }> {
  const script = join(repositoryRoot, 'apps/broker/dist/main.js');
  const env = { PENSTOCK_DATA_DIR: penstock.dataDir };
  return run(process.execPath, [script, 'recover', ...words], { env });
}

/** A broker with records, stopped; its metadata is then lost in some way. */
async function stoppedBroker(ledger: Ledger): Promise<Penstock> {
  const penstock = await startBroker();
  await createTopic(penstock.kafkaPort, PARTITIONS);
  const { kafkaPort: port } = penstock;
  // Its producer id must not be given to another after the recovery.
  await using producer = new WireProducer({
    port,
    ledger,
    name: 'first',
    partition: 0,
    idempotent: true,
  });
  producer.start();
  await expect.poll(() => ledger.acknowledged.length).toBeGreaterThan(50);
  await producer.stop();
  await produceSome(penstock, ledger, { partitions: PARTITIONS, records: 50 });
  await penstock.stop('broker');
  return penstock;
}

/** It does not start, says what to do, and has not touched a record. */
async function refuses(penstock: Penstock, said: RegExp): Promise<void> {
  const bytes = logBytes(penstock);
  await expect(penstock.start('broker')).rejects.toThrow('ended: {"code":1');
  await penstock.ended('broker');
  expect(penstock.logs('broker')).toMatch(said);
  expect(penstock.logs('broker')).toContain('npm start -- recover');
  expect(logBytes(penstock)).toBe(bytes);
  expect(existsSync(join(penstock.dataDir, 'log/trash'))).toBe(false);
}

/** After the recovery everything is there, and a new producer's records are new. */
async function servesAgain(penstock: Penstock, ledger: Ledger) {
  await penstock.start('broker');
  const { kafkaPort: port } = penstock;
  const before = ledger.acknowledged.length;
  await using producer = new WireProducer({
    port,
    ledger,
    name: 'second',
    partition: 0,
    idempotent: true,
  });
  producer.start();
  await expect.poll(() => ledger.acknowledged.length).toBeGreaterThan(before + 50);
  await producer.stop();
  return auditTopic(penstock, PARTITIONS, ledger, { idempotent: ['first', 'second'] });
}

test('fault 10: broker.db is lost: refused, recovered from the folders', async () => {
  const ledger = new Ledger();
  await using penstock = await stoppedBroker(ledger);
  for (const file of databaseFiles(penstock)) rmSync(file, { force: true });
  await refuses(penstock, /there are records of 1 topic in 3 partitions/);
  expect((await recover(penstock, '--dry-run')).stdout).toContain('Nothing was changed');
  expect((await recover(penstock)).stdout).toMatch(/ledger \(3\): added from its records/);
  const { acknowledged, lost, duplicates } = await servesAgain(penstock, ledger);
  report('10 (lost)', { acked: acknowledged, lost, duplicates });
});

test('fault 10: broker.db is damaged: refused, put aside, recovered', async () => {
  const random = randomOf('10');
  const ledger = new Ledger();
  await using penstock = await stoppedBroker(ledger);
  const copy = join(penstock.dataDir, 'copy');
  const file = databaseFiles(penstock)[0]!;
  cpSync(file, copy);
  const damages: (() => void)[] = [
    () => truncateSync(file, 100),
    () => truncateSync(file, 0),
    () => writeFileSync(file, Buffer.alloc(readFileSync(file).length)),
    () => {
      const bytes = readFileSync(file);
      for (let i = 0; i < bytes.length / 20; i++) {
        bytes[Math.floor(random() * bytes.length)]! ^= 255;
      }
      writeFileSync(file, bytes);
    },
  ];
  const count = rounds(4, 100);
  for (let round = 0; round < count; round++) {
    for (const each of databaseFiles(penstock)) rmSync(each, { force: true });
    cpSync(copy, file);
    damages[round % damages.length]!();
    await refuses(penstock, /is damaged|does not fit the records/);
    await recover(penstock);
    expect((await recover(penstock)).stdout).toContain('The topics fit the records.');
  }
  expect(readdirSync(penstock.dataDir).some((name) => name.includes('.damaged-'))).toBe(true);
  const { acknowledged, lost, duplicates } = await servesAgain(penstock, ledger);
  report('10 (damaged)', { seed, damages: count, acked: acknowledged, lost, duplicates });
});

test('fault 10: an older broker.db: what it does not know is left alone, and recovered', async () => {
  const ledger = new Ledger();
  await using penstock = await startBroker();
  await createTopic(penstock.kafkaPort, 1, {}, 'known');
  await penstock.stop('broker');
  const copy = join(penstock.dataDir, 'copy');
  const file = databaseFiles(penstock)[0]!;
  cpSync(file, copy);
  await penstock.start('broker');
  await createTopic(penstock.kafkaPort, PARTITIONS);
  await produceSome(penstock, ledger, { partitions: PARTITIONS, records: 50 });
  await penstock.stop('broker');
  for (const each of databaseFiles(penstock)) rmSync(each, { force: true });
  cpSync(copy, file);

  await penstock.start('broker');
  expect(penstock.logs('broker')).toContain('the metadata does not know; they are left alone');
  const again = createTopic(penstock.kafkaPort, 1);
  await expect(again).rejects.toThrow('recover it first');
  await penstock.stop('broker');
  expect((await recover(penstock)).stdout).toMatch(/ledger \(3\): added from its records/);
  const { acknowledged, lost, duplicates } = await servesAgain(penstock, ledger);
  report('10 (older)', { acked: acknowledged, lost, duplicates });
});
