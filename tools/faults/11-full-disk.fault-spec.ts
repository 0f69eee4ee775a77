import { existsSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiKeys, encodeRecordBatch } from '@penstock/kafka-protocol';
import { eventually, externalTool, Ledger, ManagedProcess, WireClient } from '@penstock/testing';
import { expect, test } from 'vitest';
import { auditTopic } from './audit.ts';
import { createTopic, startBroker, TOPIC } from './broker.ts';
import { produceSome } from './loads.ts';
import { report } from './settings.ts';
import { WireProducer } from './wire-producer.ts';
import { readByWire } from './wire-reader.ts';

const KAFKA_STORAGE_ERROR = 56;
const isRoot = process.getuid?.() === 0;
const canMount =
  isRoot && externalTool('unshare') !== undefined && externalTool('nsenter') !== undefined;

/** A file system of 64 MB that only the broker sees, for as long as `holder` runs. */
async function smallDisk(path: string): Promise<ManagedProcess> {
  const script = `mount -t tmpfs -o size=64m tmpfs '${path}' && echo mounted && exec sleep 3600`;
  const holder = new ManagedProcess({ command: 'unshare', args: ['-m', 'sh', '-c', script] });
  await holder.waitForOutput(/mounted/);
  return holder;
}

test.skipIf(!canMount)(
  'fault 11: a full disk refuses records for as long as it is full',
  async () => {
    const ledger = new Ledger(500);
    await using world = await startOnSmallDisk();
    const { penstock, inside } = world;
    await createTopic(penstock.kafkaPort, 1);
    const { kafkaPort: port } = penstock;
    await produceSome(penstock, ledger, { partitions: 1, records: 100 });
    await using plain = new WireProducer({ port, ledger, name: 'plain', partition: 0 }).start();
    const retrying = { port, ledger, name: 'idempotent', partition: 0, idempotent: true };
    await using idempotent = new WireProducer(retrying).start();
    let times = 0;
    for (; times < 3; times++) {
      const filler = join(inside, 'filler');
      const before = plain.errors.get(KAFKA_STORAGE_ERROR) ?? 0;
      await eventually(
        () => {
          fill(filler, inside);
          return (plain.errors.get(KAFKA_STORAGE_ERROR) ?? 0) > before + 3;
        },
        { deadlineMs: 30_000, what: 'a refused record' },
      );
      // Reads go on. Requests that need broker.db succeed or are refused without harm.
      const { records, problems } = await readByWire(port, 1);
      expect(problems).toEqual([]);
      expect(records.length).toBeGreaterThan(0);
      expect(await commitOffset(port, times)).toBeTypeOf('number');
      rmSync(filler);
      const acknowledged = ledger.acknowledged.length;
      await eventually(() => ledger.acknowledged.length > acknowledged + 100, {
        deadlineMs: 30_000,
        what: 'records after space was freed, without a restart',
      });
      await eventually(async () => (await commitOffset(port, times)) === 0, {
        deadlineMs: 10_000,
        what: 'a committed offset after space was freed',
      });
    }
    await Promise.all([plain.stop(), idempotent.stop()]);
    expect(idempotent.errors.get(KAFKA_STORAGE_ERROR)).toBeGreaterThan(0);
    expect([...plain.errors.keys()]).toEqual([KAFKA_STORAGE_ERROR]);
    const rules = { idempotent: ['idempotent'] };
    await auditTopic(penstock, 1, ledger, rules);
    await penstock.killHard('broker');
    await penstock.start('broker');
    const { acknowledged, lost, duplicates } = await auditTopic(penstock, 1, ledger, rules);
    expect(await commitOffset(port, 99)).toBe(0);
    report(11, {
      'times full': times,
      acked: acknowledged,
      'refused with 56': plain.errors.get(KAFKA_STORAGE_ERROR)!,
      lost,
      duplicates,
    });
  },
);

test.skipIf(!canMount)(
  'fault 11: a broker that has filled the disk itself can make room again',
  async () => {
    await using world = await startOnSmallDisk();
    const { penstock, inside } = world;
    const { kafkaPort: port } = penstock;
    await createTopic(port, 1);
    await createTopic(port, 1, {}, 'other');
    await using client = await WireClient.connect(port);
    const records = encodeRecordBatch({
      records: [{ timestamp: Date.now(), value: Buffer.alloc(500_000, 'v') }],
    });
    const produce = async (name: string) => {
      const partitionData = [{ index: 0, records }];
      const body = { acks: -1, timeoutMs: 1000, topicData: [{ name, partitionData }] };
      const { responses } = await client.send(ApiKeys.Produce, 9, body);
      return responses[0]!.partitionResponses[0]!.errorCode;
    };
    const fillWith = async (name: string) => {
      let count = 0;
      while ((await produce(name)) === 0) count++;
      return count;
    };
    const taken = await fillWith(TOPIC);
    const { bavail, blocks } = statfsSync(inside);
    expect(bavail / blocks).toBeGreaterThan(0.03);
    expect(await produce(TOPIC)).toBe(KAFKA_STORAGE_ERROR);
    expect(await commitOffset(port, 7)).toBe(0);

    const deleted = await client.send(ApiKeys.DeleteRecords, 2, {
      topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0, offset: -1 }] }],
      timeoutMs: 1000,
    });
    expect(deleted.topics[0]?.partitions[0]?.errorCode).toBe(0);
    await eventually(async () => (await produce('other')) === 0, { what: 'room by DeleteRecords' });
    const more = await fillWith('other');
    expect(more).toBeGreaterThan(0);
    const { responses } = await client.send(ApiKeys.DeleteTopics, 4, {
      topicNames: ['other'],
      timeoutMs: 1000,
    });
    expect(responses[0]?.errorCode).toBe(0);
    await eventually(async () => (await produce(TOPIC)) === 0, { what: 'room by DeleteTopics' });
    report(11, {
      batches: taken,
      'after DeleteRecords': more,
      'after DeleteTopics': await fillWith(TOPIC),
    });
  },
);

/** A broker whose data folder is a file system of 64 MB, and the way into that from here. */
async function startOnSmallDisk() {
  const holders: ManagedProcess[] = [];
  const penstock = await startBroker({
    processes: [],
    command: (_name, words) => ['nsenter', '-t', String(holders[0]!.pid), '-m', ...words],
  });
  const disk = await smallDisk(penstock.dataDir);
  holders.push(disk);
  await penstock.start('broker');
  return {
    penstock,
    inside: `/proc/${disk.pid}/root${penstock.dataDir}`,
    async [Symbol.asyncDispose]() {
      await penstock[Symbol.asyncDispose]();
      await disk[Symbol.asyncDispose]();
    },
  };
}

/** Takes all the space there is. */
function fill(file: string, folder: string): void {
  let size = 1024 * 1024;
  while (size >= 1024) {
    try {
      if (statfsSync(folder).bavail === 0) return;
      writeFileSync(file, Buffer.alloc(size), { flag: existsSync(file) ? 'a' : 'w' });
    } catch {
      size /= 4;
    }
  }
}

async function commitOffset(port: number, committedOffset: number): Promise<number | undefined> {
  await using client = await WireClient.connect(port);
  const answer = await client.send(ApiKeys.OffsetCommit, 8, {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [
      {
        name: 'ledger',
        partitions: [{ partitionIndex: 0, committedOffset, committedMetadata: '' }],
      },
    ],
  });
  return answer.topics[0]?.partitions[0]?.errorCode;
}
