import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as platformatic from '@platformatic/kafka';
import { describe, expect, it } from 'vitest';
import {
  ApiKeys,
  apis,
  decodeRequest,
  decodeResponse,
  encodeRecordBatch,
  encodeRequest,
  encodeResponse,
  isFlexible,
  isVersionOffered,
  validateProducedRecords,
  type Api,
  type ApiKey,
} from '../index.ts';

/**
 * The codec against two clients written by others: @platformatic/kafka (flexible versions) and
 * kafkajs (the old ones). Requests are theirs to encode and ours to decode, responses the reverse.
 */
const TOPIC_ID = '01234567-89ab-cdef-fedc-ba9876543210';
const METADATA = Buffer.from([1, 2, 3]);
const BATCH = encodeRecordBatch({ records: [{ timestamp: 1, value: Buffer.from('value') }] });

type Dynamic = Record<string, unknown>;

interface PlatformaticApi {
  createRequest(...args: unknown[]): { buffer: Buffer };
  parseResponse(id: number, key: number, version: number, reader: platformatic.Reader): unknown;
  readonly api: { readonly key: number; readonly version: number };
}

const platformaticApis = Object.entries(platformatic as unknown as Dynamic)
  .filter(([name]) => /V\d+$/.test(name))
  .map(([name, module]) => ({ name, module: module as PlatformaticApi }));

describe('@platformatic/kafka encodes requests that decode', () => {
  const requests: [string, unknown[], Dynamic][] = [
    ['apiVersionsV4', ['client', '1.0'], { clientSoftwareName: 'client' }],
    [
      'metadataV12',
      [[{ topicId: TOPIC_ID, name: null }, 'ü'], false, true],
      { topics: [{ topicId: TOPIC_ID, name: null }, { name: 'ü' }], allowAutoTopicCreation: false },
    ],
    [
      'joinGroupV9',
      ['g', 10, 20, 'm', 'i', 'consumer', [{ name: 'range', metadata: METADATA }], 'why'],
      {
        groupId: 'g',
        sessionTimeoutMs: 10,
        rebalanceTimeoutMs: 20,
        memberId: 'm',
        groupInstanceId: 'i',
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: METADATA }],
        reason: 'why',
      },
    ],
    [
      'syncGroupV5',
      ['g', 7, 'm', null, 'consumer', 'range', [{ memberId: 'm', assignment: METADATA }]],
      { generationId: 7, protocolName: 'range', assignments: [{ assignment: METADATA }] },
    ],
    ['heartbeatV4', ['g', 7, 'm', null], { generationId: 7, groupInstanceId: null }],
    [
      'leaveGroupV5',
      ['g', [{ memberId: 'm', groupInstanceId: 'i', reason: 'done' }]],
      { members: [{ memberId: 'm', groupInstanceId: 'i', reason: 'done' }] },
    ],
    [
      'offsetCommitV9',
      ['g', 7, 'm', null, [{ name: 't', partitions: [committed(5_000_000_000n)] }]],
      { topics: [{ partitions: [{ partitionIndex: 1, committedOffset: 5_000_000_000 }] }] },
    ],
    [
      'offsetFetchV9',
      [[{ groupId: 'g', memberId: 'm', memberEpoch: 3, topics: null }], true],
      { groups: [{ groupId: 'g', memberEpoch: 3, topics: null }], requireStable: true },
    ],
    ['findCoordinatorV4', [0, ['a', 'b']], { keyType: 0, coordinatorKeys: ['a', 'b'] }],
    [
      'listOffsetsV9',
      [-1, 1, [{ name: 't', partitions: [listed(-2n)] }]],
      { isolationLevel: 1, topics: [{ partitions: [{ partitionIndex: 1, timestamp: -2 }] }] },
    ],
    [
      'fetchV17',
      [500, 1, 1024, 1, 0, -1, [{ topicId: TOPIC_ID, partitions: [fetched(9n)] }], [], 'rack'],
      {
        maxWaitMs: 500,
        topics: [{ topicId: TOPIC_ID, partitions: [{ partition: 1, fetchOffset: 9 }] }],
        rackId: 'rack',
      },
    ],
    [
      'initProducerIdV4',
      [null, 60_000, 4000n, 3],
      { transactionalId: null, transactionTimeoutMs: 60_000, producerId: 4000, producerEpoch: 3 },
    ],
    ['describeConfigsV4', [[resource()], true, false], { resources: [{ resourceName: 't' }] }],
    [
      'createTopicsV7',
      [[{ name: 't', numPartitions: 3, replicationFactor: 1, assignments: [], configs: [] }], 9],
      { topics: [{ name: 't', numPartitions: 3, replicationFactor: 1 }], timeoutMs: 9 },
    ],
  ];

  it.each(requests)('%s', (name, args, expected) => {
    const { module } = platformaticApis.find((each) => each.name === name)!;
    const { key, version } = module.api;
    const body = module.createRequest(...args).buffer;
    expectDecodes(framed(key as ApiKey, version, body), expected);
  });

  it('produceV9, whose batch this library accepts', () => {
    const { module } = platformaticApis.find((each) => each.name === 'produceV9')!;
    const message = { topic: 't', partition: 2, value: Buffer.from('v'), timestamp: 5n };
    const frame = framed(ApiKeys.Produce, 9, module.createRequest(-1, 30, [message], {}).buffer);
    expectDecodes(frame, { acks: -1, timeoutMs: 30, topicData: [{ name: 't' }] });
    expectAccepted(frame, 9);
  });
});

describe('kafkajs encodes requests that decode', () => {
  const requests: [string, number, ApiKey, Dynamic, Dynamic][] = [
    [
      'metadata',
      6,
      3,
      { topics: ['a'], allowAutoTopicCreation: true },
      { topics: [{ name: 'a' }] },
    ],
    [
      'joinGroup',
      5,
      11,
      {
        groupId: 'g',
        sessionTimeout: 10,
        rebalanceTimeout: 20,
        memberId: 'm',
        protocolType: 'consumer',
        groupProtocols: [{ name: 'range', metadata: METADATA }],
      },
      { rebalanceTimeoutMs: 20, protocols: [{ name: 'range', metadata: METADATA }] },
    ],
    [
      'syncGroup',
      3,
      14,
      {
        groupId: 'g',
        generationId: 7,
        memberId: 'm',
        groupAssignment: [{ memberId: 'm', memberAssignment: METADATA }],
      },
      { generationId: 7, assignments: [{ memberId: 'm', assignment: METADATA }] },
    ],
    [
      'offsetCommit',
      5,
      8,
      {
        groupId: 'g',
        groupGenerationId: 7,
        memberId: 'm',
        topics: [{ topic: 't', partitions: [{ partition: 1, offset: '5000000000' }] }],
      },
      { generationIdOrMemberEpoch: 7, topics: [{ partitions: [{ committedOffset: 5e9 }] }] },
    ],
    [
      'offsetFetch',
      4,
      9,
      { groupId: 'g', topics: [{ topic: 't', partitions: [{ partition: 1 }] }] },
      { groupId: 'g', topics: [{ name: 't', partitionIndexes: [1] }] },
    ],
    [
      'listOffsets',
      2,
      2,
      { topics: [{ topic: 't', partitions: [{ partition: 1, timestamp: '-2' }] }] },
      { replicaId: -1, topics: [{ name: 't', partitions: [{ timestamp: -2 }] }] },
    ],
    [
      'fetch',
      11,
      1,
      {
        maxWaitTime: 500,
        minBytes: 1,
        maxBytes: 1024,
        topics: [{ topic: 't', partitions: [{ partition: 1, fetchOffset: '9', maxBytes: 77 }] }],
      },
      { maxWaitMs: 500, topics: [{ partitions: [{ fetchOffset: 9, partitionMaxBytes: 77 }] }] },
    ],
    ['findCoordinator', 2, 10, { groupId: 'g' }, { key: 'g', keyType: 0 }],
  ];

  it.each(requests)('%s v%i', async (folder, version, key, args, expected) => {
    const frame = await kafkajsFrame(folder, version, args);
    expect(frame.readInt16BE(0)).toBe(key);
    expectDecodes(frame, expected);
  });

  it('produce v7, whose batch this library accepts', async () => {
    const frame = await kafkajsFrame('produce', 7, {
      acks: -1,
      timeout: 30,
      compression: 0,
      topicData: [
        { topic: 't', partitions: [{ partition: 2, messages: [{ value: 'v', timestamp: 5 }] }] },
      ],
    });
    expectDecodes(frame, { acks: -1, topicData: [{ partitionData: [{ index: 2 }] }] });
    expectAccepted(frame, 7);
  });
});

describe('responses encoded here are parsed by', () => {
  const offered = platformaticApis.filter(({ module: { api } }) => {
    return api.key in apis && isVersionOffered(api.key as ApiKey, api.version);
  });

  it.each(offered)('@platformatic/kafka $name', ({ module }) => {
    const { key, version } = module.api;
    const { payload, expected } = sampleResponse(key as ApiKey, version);
    // This client reads the header's tagged fields elsewhere; kafkajs does so with the body.
    const hasTaggedHeader = key !== ApiKeys.ApiVersions && isFlexible(key as ApiKey, version);
    const reader = platformatic.Reader.from(payload.subarray(hasTaggedHeader ? 1 : 0));
    const parsed = module.parseResponse(1, key, version, reader);
    expect(reader.remaining).toBe(0);
    expect(leavesOf(parsed)).toEqual(expect.arrayContaining(expected));
  });

  it.each(kafkajsResponses())('kafkajs $folder v$version', async ({ folder, version, key }) => {
    const { payload, expected } = sampleResponse(key, version);
    const module = kafkajs(`requests/${folder}/v${version}/response`);
    // DeleteRecords makes its parser for the topics that were asked for.
    const response = typeof module === 'function' ? module({ topics: [] }) : module;
    const decoded = await (response as KafkajsResponse).decode(payload);
    expect(leavesOf(decoded)).toEqual(expect.arrayContaining(expected));
  });
});

interface KafkajsResponse {
  decode(payload: Buffer): Promise<unknown>;
}

/** kafkajs keeps its protocol to itself, but its files can be asked for one by one. */
function kafkajs(path: string): unknown {
  return createRequire(import.meta.url)(`kafkajs/src/protocol/${path}`);
}

async function kafkajsFrame(folder: string, version: number, args: Dynamic): Promise<Buffer> {
  const index = kafkajs(`requests/${folder}`) as {
    protocol(of: { version: number }): (args: Dynamic) => { request: unknown };
  };
  const { request } = index.protocol({ version })(args);
  const encodeFrame = kafkajs('request') as (of: Dynamic) => Promise<{ buffer: Buffer }>;
  const { buffer } = await encodeFrame({ correlationId: 1, clientId: null, request });
  return buffer.subarray(4);
}

function kafkajsResponses(): { folder: string; version: number; key: ApiKey }[] {
  const keyByName = new Map(
    Object.values(apis).map((api: Api) => [
      api.name[0]!.toLowerCase() + api.name.slice(1),
      api.key as ApiKey,
    ]),
  );
  return [...keyByName].flatMap(([folder, key]) => {
    let index: { versions: string[] };
    try {
      index = kafkajs(`requests/${folder}`) as typeof index;
    } catch {
      return [];
    }
    const versions = index.versions.map(Number).filter((version) => isVersionOffered(key, version));
    return versions.map((version) => ({ folder, version, key }));
  });
}

/** A frame around a body: header without client id. */
function framed(key: ApiKey, version: number, body: Buffer): Buffer {
  const header = Buffer.alloc(isFlexible(key, version) ? 11 : 10);
  header.writeInt16BE(key, 0);
  header.writeInt16BE(version, 2);
  header.writeInt32BE(1, 4);
  header.writeInt16BE(-1, 8);
  return Buffer.concat([header, body]);
}

/** Decodes a client's frame, and finds the same bytes when encoding what came out. */
function expectDecodes(frame: Buffer, expected: Dynamic): void {
  const { apiKey, apiVersion, body } = decodeRequest(frame);
  expect(body).toMatchObject(expected);
  const header = { correlationId: 1, clientId: null };
  const again = Buffer.concat(encodeRequest(apiKey, apiVersion, header, body as never)).subarray(4);
  expect(again.toString('hex')).toBe(frame.toString('hex'));
}

function expectAccepted(frame: Buffer, apiVersion: number): void {
  const request = decodeRequest(frame);
  const { records } =
    request.apiKey === ApiKeys.Produce
      ? request.body.topicData[0]!.partitionData[0]!
      : { records: null };
  const check = validateProducedRecords(records, { batchBytesMax: 1024, apiVersion });
  expect(check).toMatchObject({ ok: true, header: { recordCount: 1, baseTimestamp: 5 } });
}

/** The golden response without errors and with real records, and the values to be found in it. */
function sampleResponse(key: ApiKey, version: number) {
  const file = readdirSync(GOLDEN).find((name) => parseInt(name, 10) === key)!;
  const lines = readFileSync(new URL(file, GOLDEN), 'utf8').split('\n');
  const frame = Buffer.from(lines[lines.indexOf(`response ${version} full`) + 2]!, 'hex');
  const { body } = decodeResponse(key, version, frame);
  const calm = JSON.parse(JSON.stringify(body), (name, value: unknown) => {
    if (name === 'errorCode') return 0;
    if (/errorMessage$/i.test(name)) return null;
    if (name === 'records') return BATCH;
    return isBufferJson(value) ? Buffer.from(value.data) : value;
  }) as Dynamic;
  const tagged = taggedNames(apis[key].response);
  const chunks = encodeResponse(key, version, 1, calm as never);
  const payload = Buffer.concat(chunks).subarray(LENGTH_BYTES + CORRELATION_ID_BYTES);
  return { payload, expected: leavesOf(calm, tagged).filter(isDistinctive) };
}

const LENGTH_BYTES = 4;
const CORRELATION_ID_BYTES = 4;
const GOLDEN = new URL('./golden/', import.meta.url);

function isBufferJson(value: unknown): value is { type: 'Buffer'; data: number[] } {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer';
}

/** Clients do not hand out tagged fields. */
function taggedNames(fields: Api['response']): Set<string> {
  const names = new Set<string>();
  for (const [name, field] of Object.entries(fields)) {
    if (field.tag !== undefined) names.add(name);
    const type = field.type.kind === 'array' ? field.type.element : field.type;
    if (type.kind === 'struct') for (const inner of taggedNames(type.fields)) names.add(inner);
  }
  return names;
}

/** Every number and string in `value`, as text. */
function leavesOf(value: unknown, skipped: ReadonlySet<string> = new Set()): string[] {
  if (Buffer.isBuffer(value)) return [];
  if (value instanceof Map) return leavesOf([...value.entries()].flat(), skipped);
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, each]) =>
      skipped.has(name) ? [] : leavesOf(each, skipped),
    );
  }
  return ['number', 'bigint', 'string'].includes(typeof value) ? [String(value)] : [];
}

/** Golden numbers above 300 and all golden texts occur once in their message. */
function isDistinctive(leaf: string): boolean {
  return Number(leaf) > 300 || leaf.includes('ü') || leaf.startsWith('01234567');
}

function committed(committedOffset: bigint) {
  return { partitionIndex: 1, committedOffset, committedLeaderEpoch: 0, committedMetadata: '' };
}

function listed(timestamp: bigint) {
  return { partitionIndex: 1, currentLeaderEpoch: -1, timestamp };
}

function fetched(fetchOffset: bigint) {
  const epochs = { currentLeaderEpoch: -1, lastFetchedEpoch: -1 };
  return { partition: 1, fetchOffset, partitionMaxBytes: 77, ...epochs };
}

function resource() {
  return { resourceType: 2, resourceName: 't', configurationKeys: ['retention.ms'] };
}
