import { Ledger, WireClient } from '@penstock/testing';
import { ApiKeys } from '@penstock/kafka-protocol';
import { expect, test } from 'vitest';
import { auditTopic } from './audit.ts';
import { createTopic, residentBytes, startBroker } from './broker.ts';
import { acknowledgedMore } from './progress.ts';
import { isLong, report } from './settings.ts';
import { WireProducer } from './wire-producer.ts';
import { readByWire, WireFollower } from './wire-reader.ts';

const PARTITIONS = 4;
const RESIDENT_MAX = 512 * 1024 * 1024;

test('fault 22: on a heap of 128 MB a mixed load neither ends the process nor makes it grow', async () => {
  const ledger = new Ledger(300);
  await using penstock = await startBroker({
    command: (_name, [node, ...words]) => [node!, '--max-old-space-size=128', ...words],
  });
  const { kafkaPort: port } = penstock;
  await createTopic(port, PARTITIONS);
  const producers = Array.from({ length: PARTITIONS }, (_, partition) =>
    new WireProducer({ port, ledger, name: `p${partition}`, partition, pauseMs: 10 }).start(),
  );
  await using follower = new WireFollower(port, 0, ledger);
  let stop = false;
  const churn = async (): Promise<void> => {
    for (let round = 0; !stop; round++) {
      await readByWire(port, PARTITIONS);
      await describeCluster(port, round);
      await acknowledgedMore(ledger, 50);
    }
  };
  const churning = churn();
  const samples: number[] = [];
  const [warmUp, measured] = isLong ? [100_000, 1_400_000] : [8_000, 24_000];
  for (let records = 0; records < warmUp; records += 400) await acknowledgedMore(ledger, 400);
  for (let records = 0; records < measured; records += 400) {
    samples.push(residentBytes(penstock.pid('broker')));
    await acknowledgedMore(ledger, 400);
  }
  stop = true;
  await churning;
  await Promise.all(producers.map((producer) => producer.stop()));
  await follower[Symbol.asyncDispose]();
  const third = Math.floor(samples.length / 3);
  const first = median(samples.slice(0, third));
  const last = median(samples.slice(-third));
  expect(Math.max(...samples)).toBeLessThan(RESIDENT_MAX);
  expect(last).toBeLessThan(first * 1.25 + 16 * 1024 * 1024);
  const { acknowledged, lost } = await auditTopic(penstock, PARTITIONS, ledger);
  const megabytes = (bytes: number) => Math.round(bytes / 1024 / 1024);
  report(22, {
    acked: acknowledged,
    lost,
    'resident MB at first': megabytes(first),
    'at last': megabytes(last),
    max: megabytes(Math.max(...samples)),
  });
});

/** A topic that comes and goes, offsets of a group that does not, metadata of everything. */
async function describeCluster(port: number, round: number): Promise<void> {
  const name = `short-lived-${round}`;
  await createTopic(port, 3, {}, name);
  await using client = await WireClient.connect(port);
  await client.send(ApiKeys.Metadata, 12, {
    topics: null,
    includeTopicAuthorizedOperations: false,
  });
  await client.send(ApiKeys.OffsetCommit, 8, {
    groupId: 'mixed',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [
      {
        name: 'ledger',
        partitions: [{ partitionIndex: 0, committedOffset: round, committedMetadata: '' }],
      },
    ],
  });
  await client.send(ApiKeys.DeleteTopics, 5, { topicNames: [name], timeoutMs: 10_000 });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
