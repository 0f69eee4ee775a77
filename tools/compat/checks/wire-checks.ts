import { ApiKeys, encodeRecordBatch, ZERO_UUID, type RecordInput } from '@penstock/kafka-protocol';
import type { WireClient } from '@penstock/testing';
import { expectEqual, expectTrue } from '../check.ts';
import { table } from '../report.ts';
import { connectTo } from '../wire-probe.ts';

/** Something that clients rely on without saying so, asked for request by request. */
interface WireCheck {
  what: string;
  check: (wire: WireClient, name: string, connect: () => Promise<WireClient>) => Promise<void>;
}

/**
 * What other brokers that speak this protocol were found to get wrong, and what follows from it.
 */
const wireChecks: WireCheck[] = [
  {
    what: 'ApiVersions 99 is answered in version 0 with error 35 and the versions of ApiVersions alone',
    async check(wire) {
      wire.write(Buffer.from('0000001400120063000000070004776972650000000000' + '00', 'hex'));
      const frame = await wire.nextFrame();
      expectEqual([frame.readInt32BE(0), frame.readInt16BE(4)], [7, 35], 'correlation id, error');
      expectEqual([frame.readInt32BE(6), frame.readInt16BE(10)], [1, 18], 'entries');
    },
  },
  {
    what: 'what old librdkafka looks for is offered: Produce and SaslHandshake from 0, and so on',
    async check(wire) {
      const software = { clientSoftwareName: 'compat', clientSoftwareVersion: '1' };
      const { apiKeys } = await wire.send(ApiKeys.ApiVersions, 3, software);
      const probes = { 0: [0, 3, 7], 1: [4, 10], 2: [1], 8: [2], 9: [1], 10: [0], 17: [0, 1] };
      for (const [key, versions] of Object.entries({ ...probes, 11: [0], 22: [0], 36: [0] })) {
        const found = apiKeys.find(({ apiKey }) => apiKey === Number(key));
        for (const version of versions) {
          const isOffered =
            found !== undefined && found.minVersion <= version && version <= found.maxVersion;
          expectTrue(isOffered, `API ${key}, version ${version}`);
        }
      }
    },
  },
  {
    what: 'a fetch in the middle of a batch gets the whole batch',
    async check(wire, topic) {
      await create(wire, topic);
      await produce(wire, topic, batch(10));
      const { records } = await fetchAt(wire, topic, 7);
      expectEqual(Number(records!.readBigInt64BE(0)), 0, 'base offset');
    },
  },
  {
    what: 'a batch sent twice is stored once; a gap is 45, an older epoch 47',
    check: checkSequences,
  },
  {
    what: 'a batch of max.message.bytes is taken, one byte more is 10',
    async check(wire, topic) {
      await create(wire, topic);
      const overhead = batchOf([{ timestamp: Date.now(), value: Buffer.alloc(1_000_000) }]).length;
      const sized = (bytes: number) =>
        batchOf([{ timestamp: Date.now(), value: Buffer.alloc(bytes - overhead + 1_000_000) }]);
      expectEqual(sized(1_048_588).length, 1_048_588, 'size');
      expectEqual((await produce(wire, topic, sized(1_048_588))).errorCode, 0, 'at the limit');
      expectEqual((await produce(wire, topic, sized(1_048_589))).errorCode, 10, 'above it');
    },
  },
  {
    what: 'records without a key on a compacted topic: 87, and exactly they are named',
    async check(wire, topic) {
      await create(wire, topic, { 'cleanup.policy': 'compact' });
      const records = [0, 1, 2, 3].map((n) => ({
        timestamp: Date.now(),
        key: n % 2 === 0 ? Buffer.from('k') : null,
        value: Buffer.from('v'),
      }));
      const refused = await produce(wire, topic, batchOf(records));
      expectEqual(refused.errorCode, 87, 'error');
      expectEqual(
        refused.recordErrors.map(({ batchIndex }) => batchIndex),
        [1, 3],
        'records',
      );
    },
  },
  {
    what: 'a timestamp more than an hour ahead is 32; acks=2 is 21',
    async check(wire, topic) {
      await create(wire, topic);
      const ahead = batchOf([{ timestamp: Date.now() + 3_700_000, value: Buffer.from('v') }]);
      expectEqual((await produce(wire, topic, ahead)).errorCode, 32, 'ahead');
      expectEqual((await produce(wire, topic, batch(1), 2)).errorCode, 21, 'acks=2');
    },
  },
  {
    what: 'CreateTopics and CreatePartitions answer for every topic, good and bad ones mixed',
    check: checkMixed,
  },
  {
    what: 'IncrementalAlterConfigs appends, subtracts and deletes; all configs described can be set again',
    check: checkConfigs,
  },
  {
    what: 'commit metadata above 4,096 bytes is 12; an unknown group has offset -1 without an error',
    async check(wire, topic) {
      await create(wire, topic);
      const commit = (metadata: string) =>
        wire.send(ApiKeys.OffsetCommit, 7, {
          groupId: topic,
          generationIdOrMemberEpoch: -1,
          memberId: '',
          groupInstanceId: null,
          topics: [
            {
              name: topic,
              partitions: [{ partitionIndex: 0, committedOffset: 5, committedMetadata: metadata }],
            },
          ],
        });
      const codeOf = (answer: Awaited<ReturnType<typeof commit>>) =>
        answer.topics[0]!.partitions[0]!.errorCode;
      expectEqual(codeOf(await commit('m'.repeat(4096))), 0, '4,096 bytes');
      expectEqual(codeOf(await commit('m'.repeat(4097))), 12, '4,097 bytes');
      const fetched = await wire.send(ApiKeys.OffsetFetch, 7, {
        groupId: `${topic}-unknown`,
        topics: [{ name: topic, partitionIndexes: [0] }],
        groups: [],
        requireStable: false,
      });
      const { committedOffset, errorCode } = fetched.topics[0]!.partitions[0]!;
      expectEqual([fetched.errorCode, errorCode, committedOffset], [0, 0, -1], 'unknown group');
    },
  },
  {
    what: 'a fetch that waits is woken by a record; what was sent behind it is answered behind it',
    check: checkLongPoll,
  },
  {
    what: 'a fetch beyond the end is 1, at the end empty; acks=0 has no answer',
    async check(wire, topic) {
      await create(wire, topic);
      expectEqual((await fetchAt(wire, topic, 3)).errorCode, 1, 'beyond');
      expectEqual((await fetchAt(wire, topic, 0)).errorCode, 0, 'at the end');
      wire.post(ApiKeys.Produce, 7, produceBody(topic, batch(1), 0));
      // If acks=0 had an answer, it would be taken for this one.
      expectEqual((await produce(wire, topic, batch(1))).baseOffset, 1, 'offset of the next');
    },
  },
];

export interface WireOutcome {
  what: string;
  problem: string | undefined;
}

/** Each check has a connection of its own, because a broker may close it. */
export async function runWireChecks(
  servers: string,
  run: string,
  say: (line: string) => void,
): Promise<WireOutcome[]> {
  const outcomes: WireOutcome[] = [];
  for (const [index, { what, check }] of wireChecks.entries()) {
    await using wire = await connectTo(servers);
    const problem = await check(wire, `compat-${run}-wire-${index}`, () => connectTo(servers)).then(
      () => undefined,
      (error: unknown) => (error as Error).message,
    );
    say(`wire: ${what}: ${problem ?? 'passed'}`);
    outcomes.push({ what, problem });
  }
  return outcomes;
}

export function wireTable(outcomes: readonly WireOutcome[]): string {
  return table([
    ['request by request', ''],
    ...outcomes.map(({ what, problem }) => [what, problem === undefined ? 'pass' : 'FAIL']),
  ]);
}

interface Topic {
  name: string;
  numPartitions: number;
  replicationFactor: number;
  assignments: [];
  configs: { name: string; value: string }[];
}

function topicOf(name: string, configs: Record<string, string> = {}): Topic {
  const entries = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: entries };
}

async function create(wire: WireClient, name: string, configs = {}): Promise<void> {
  const topics = [topicOf(name, configs)];
  const answer = await wire.send(ApiKeys.CreateTopics, 7, { topics, validateOnly: false });
  expectEqual(answer.topics[0]!.errorCode, 0, 'CreateTopics');
  // A broker that makes its partitions after the answer is asked until they are there.
  for (let tries = 0; tries < 100; tries++) {
    if ((await fetchAt(wire, name, 0)).errorCode === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const batchOf = (records: RecordInput[], producer = {}) =>
  encodeRecordBatch({ records, ...producer });

function batch(count: number, producer = {}): Buffer {
  const timestamp = Date.now();
  const records = Array.from({ length: count }, (_, n) => ({
    timestamp,
    value: Buffer.from(`${n}`),
  }));
  return batchOf(records, producer);
}

function produceBody(topic: string, records: Buffer, acks: number) {
  const partitionData = [{ index: 0, records }];
  return {
    transactionalId: null,
    acks,
    timeoutMs: 10_000,
    topicData: [{ name: topic, topicId: ZERO_UUID, partitionData }],
  };
}

async function produce(wire: WireClient, topic: string, records: Buffer, acks = -1) {
  const answer = await wire.send(ApiKeys.Produce, 9, produceBody(topic, records, acks));
  return answer.responses[0]!.partitionResponses[0]!;
}

function fetchBody(topic: string, fetchOffset: number, maxWaitMs: number) {
  return {
    maxWaitMs,
    minBytes: 1,
    isolationLevel: 0,
    sessionId: 0,
    rackId: '',
    topics: [
      {
        topic,
        topicId: ZERO_UUID,
        partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1_048_576 }],
      },
    ],
  };
}

async function fetchAt(wire: WireClient, topic: string, offset: number, maxWaitMs = 0) {
  const answer = await wire.send(ApiKeys.Fetch, 11, fetchBody(topic, offset, maxWaitMs));
  const { errorCode, records } = answer.responses[0]!.partitions[0]!;
  return { errorCode, records: records === null ? null : Buffer.from(records) };
}

async function checkSequences(wire: WireClient, topic: string): Promise<void> {
  await create(wire, topic);
  const { producerId, producerEpoch } = await wire.send(ApiKeys.InitProducerId, 4, {
    transactionalId: null,
    transactionTimeoutMs: 60_000,
  });
  const send = (baseSequence: number, epoch = producerEpoch) =>
    produce(wire, topic, batch(3, { producerId, producerEpoch: epoch, baseSequence }));
  const codes = async (sent: ReturnType<typeof send>) => {
    const { errorCode, baseOffset } = await sent;
    return [errorCode, baseOffset];
  };
  expectEqual(await codes(send(0)), [0, 0], 'the first batch');
  expectEqual(await codes(send(3)), [0, 3], 'the second batch');
  expectEqual(await codes(send(0)), [0, 0], 'the first again');
  expectEqual(await codes(send(9)), [45, -1], 'a gap');
  expectEqual(await codes(send(0, producerEpoch + 1)), [0, 6], 'the next epoch');
  expectEqual(await codes(send(6)), [47, -1], 'the epoch before');
}

async function checkMixed(wire: WireClient, name: string): Promise<void> {
  const topics = [
    topicOf(`${name}-good`),
    { ...topicOf(`${name}-many`), replicationFactor: 3 },
    topicOf('bad name'),
    topicOf(`${name}-config`, { 'no.such.config': '1' }),
    { ...topicOf(`${name}-zero`), numPartitions: 0 },
  ];
  const created = await wire.send(ApiKeys.CreateTopics, 7, { topics, validateOnly: false });
  const codes = Object.fromEntries(created.topics.map((one) => [one.name, one.errorCode]));
  const wanted = [0, 38, 17, 40, 37];
  expectEqual(
    topics.map((one) => codes[one.name]),
    wanted,
    'errors of CreateTopics',
  );
  const more = [
    { name: `${name}-good`, count: 3, assignments: null },
    { name: `${name}-none`, count: 3, assignments: null },
    { name: `${name}-good-not`, count: 3, assignments: null },
  ];
  const raised = await wire.send(ApiKeys.CreatePartitions, 3, {
    topics: more,
    timeoutMs: 10_000,
    validateOnly: false,
  });
  const found = Object.fromEntries(raised.results.map((one) => [one.name, one.errorCode]));
  expectEqual(
    more.map((one) => found[one.name]),
    [0, 3, 3],
    'errors of CreatePartitions',
  );
}

async function checkConfigs(wire: WireClient, topic: string): Promise<void> {
  await create(wire, topic, { 'cleanup.policy': 'delete' });
  const describe = async () => {
    const answer = await wire.send(ApiKeys.DescribeConfigs, 4, {
      resources: [{ resourceType: 2, resourceName: topic, configurationKeys: null }],
      includeSynonyms: true,
      includeDocumentation: false,
    });
    return answer.results[0]!.configs;
  };
  const alter = async (configOperation: number, value: string | null) => {
    const configs = [{ name: 'cleanup.policy', configOperation, value }];
    const answer = await wire.send(ApiKeys.IncrementalAlterConfigs, 1, {
      resources: [{ resourceType: 2, resourceName: topic, configs }],
      validateOnly: false,
    });
    expectEqual(answer.responses[0]!.errorCode, 0, `operation ${configOperation}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    return (await describe()).find(({ name }) => name === 'cleanup.policy')!.value;
  };
  expectEqual(await alter(2, 'compact'), 'delete,compact', 'appended');
  expectEqual(await alter(3, 'delete'), 'compact', 'subtracted');
  expectEqual(await alter(1, null), 'delete', 'deleted');
  const all = await describe();
  expectTrue(all.length >= 30, `${all.length} configs of a topic`);
  expectTrue(
    all.every(({ configSource }) => configSource > 0),
    'each has a source',
  );
  const configs = all.map(({ name, value }) => ({ name, value: value ?? '' }));
  const again = await wire.send(ApiKeys.AlterConfigs, 2, {
    resources: [{ resourceType: 2, resourceName: topic, configs }],
    validateOnly: false,
  });
  expectEqual(
    [again.responses[0]!.errorCode, again.responses[0]!.errorMessage],
    [0, null],
    'again',
  );
}

async function checkLongPoll(
  wire: WireClient,
  topic: string,
  connect: () => Promise<WireClient>,
): Promise<void> {
  await create(wire, topic);
  await using other = await connect();
  let answers = 0;
  const before = performance.now();
  const waiting = fetchAt(wire, topic, 0, 8000).finally(() => (answers += 1));
  // The connection expects answers in the order of its requests and fails on any other.
  const behind = wire
    .send(ApiKeys.Metadata, 4, {
      topics: [],
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    })
    .finally(() => (answers += 1));
  await new Promise((resolve) => setTimeout(resolve, 300));
  expectEqual(answers, 0, 'answers while the fetch waits');
  await produce(other, topic, batch(1));
  const { records } = await waiting;
  await behind;
  expectTrue(records !== null && records.length > 61, 'the record came');
  expectTrue(performance.now() - before < 4000, 'the fetch was woken');
}
