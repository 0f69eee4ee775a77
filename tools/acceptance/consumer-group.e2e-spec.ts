import { eventually, externalTool, ManagedProcess, startPenstock } from '@penstock/testing';
import { expect, test } from 'vitest';
import { kafkaJs } from './kafka-reader.ts';

const PARTITIONS = 6;

/** A member of a group, by librdkafka; prints `partition offset` for each record that it reads. */
function member(bootstrapServers: string): ManagedProcess {
  const settings = ['session.timeout.ms=6000', 'auto.offset.reset=earliest'].concat([
    'heartbeat.interval.ms=500',
    'auto.commit.interval.ms=200',
  ]);
  return new ManagedProcess({
    command: externalTool('kcat')!,
    args: ['-b', bootstrapServers, '-u', '-f', '%p %o\n'].concat(
      settings.flatMap((setting) => ['-X', setting]),
      ['-G', 'three-members', 'shared'],
    ),
  });
}

function assigned(member_: ManagedProcess): number {
  const last = member_.stderr.match(/assigned:.*/g)?.at(-1) ?? '';
  return (last.match(/shared \[\d+\]/g) ?? []).length;
}

test.skipIf(externalTool('kcat') === undefined)(
  'three members share six partitions; when one is killed the others take over and skip nothing',
  async () => {
    await using penstock = await startPenstock({ processes: ['broker'] });
    const kafka = kafkaJs(penstock.bootstrapServers);
    const admin = kafka.admin();
    await admin.createTopics({ topics: [{ topic: 'shared', numPartitions: PARTITIONS }] });
    const producer = kafka.producer();
    await producer.connect();
    let sent = 0;
    const produce = async (count: number) => {
      const messages = Array.from({ length: count }, () => ({
        partition: sent % PARTITIONS,
        value: String(sent++),
      }));
      await producer.send({ topic: 'shared', acks: -1, messages });
    };

    await using first = member(penstock.bootstrapServers);
    await using second = member(penstock.bootstrapServers);
    await using third = member(penstock.bootstrapServers);
    const members = [first, second, third];
    await eventually(() => members.every((each) => assigned(each) === 2), {
      deadlineMs: 20_000,
      what: 'two partitions each',
    });
    await produce(600);
    const seen = () =>
      new Set(members.flatMap((each) => each.stdout.trim().split('\n')).filter(Boolean));
    await eventually(() => seen().size === 600, { deadlineMs: 15_000, what: '600 records' });

    await third.stop('SIGKILL');
    await produce(600);
    await eventually(() => assigned(first) + assigned(second) === PARTITIONS, {
      deadlineMs: 20_000,
      what: 'the others taking over',
    });
    await produce(600);
    await eventually(() => seen().size === sent, { deadlineMs: 20_000, what: `${sent} records` });

    const ends = await admin.fetchTopicOffsets('shared');
    for (const { partition, high } of ends) {
      const offsets = [...seen()]
        .map((place) => place.split(' ').map(Number))
        .filter(([each]) => each === partition)
        .map(([, offset]) => offset!)
        .sort((a, b) => a - b);
      expect(offsets).toEqual(Array.from({ length: Number(high) }, (_, offset) => offset));
    }
    await producer.disconnect();
    await admin.disconnect();
  },
);
