import { SeededRandom } from '@penstock/testing';
import { describe, expect, it } from 'vitest';
import {
  apis,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  ProtocolError,
  ZERO_UUID,
  type Api,
  type ApiKey,
} from '../index.ts';
import { includesVersion, type Fields, type FieldType } from './schema.ts';

/** Set to a printed seed to repeat a run. */
const SEED_TO_REPEAT: number | undefined = undefined;
const seed = SEED_TO_REPEAT ?? Math.floor(Math.random() * 0x7fffffff);
const VALUES_PER_VERSION = 8;
const MUTATIONS = 8_000;

const generator = new SeededRandom(seed);
const random = () => generator.next();

function pick<T>(values: readonly T[]): T {
  return values[Math.floor(random() * values.length)]!;
}

function randomBytes(): Buffer {
  return Buffer.from(
    Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256)),
  );
}

const RANDOM_SCALARS = {
  bool: () => random() < 0.5,
  int8: () => pick([-128, -1, 0, 1, 127]),
  int16: () => pick([-0x8000, -1, 0, 300, 0x7fff]),
  int32: () => pick([-0x80000000, -1, 0, 70_000, 0x7fffffff]),
  int64: () =>
    pick([-(2 ** 63), -(2 ** 53 - 1), -(2 ** 32), -2, -1, 0, 2 ** 32 - 1, 2 ** 53 - 1, 2 ** 63]),
  uuid: () => pick([ZERO_UUID, '01234567-89ab-cdef-fedc-ba9876543210']),
  string: () => pick(['', 'topic', 'Größe', '数据', '🚀'.repeat(30), 'x'.repeat(300)]),
  bytes: randomBytes,
  records: randomBytes,
};

function randomOf(type: FieldType, version: number): unknown {
  if (type.kind === 'struct') return randomStruct(type.fields, version);
  if (type.kind !== 'array') return RANDOM_SCALARS[type.kind]();
  const length = Math.floor(random() * 4);
  return Array.from({ length }, () => randomOf(type.element, version));
}

function randomStruct(fields: Fields, version: number): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (!includesVersion(field.versions, version)) continue;
    if (field.tag !== undefined && random() < 0.5) continue;
    const nullable = field.nullable !== undefined && includesVersion(field.nullable, version);
    value[name] = nullable && random() < 0.3 ? null : randomOf(field.type, version);
  }
  return value;
}

type Side = 'request' | 'response';
const sides: readonly Side[] = ['request', 'response'];

function encode(side: Side, key: ApiKey, version: number, body: unknown): Buffer {
  const chunks =
    side === 'request'
      ? encodeRequest(key, version, { correlationId: 1, clientId: null }, body as never)
      : encodeResponse(key, version, 1, body as never);
  return Buffer.concat(chunks).subarray(4);
}

function decode(side: Side, key: ApiKey, version: number, frame: Buffer): unknown {
  return side === 'request' ? decodeRequest(frame).body : decodeResponse(key, version, frame).body;
}

function versionsOf(api: Api): number[] {
  const { min, max } = api.versions;
  return Array.from({ length: max - min + 1 }, (_, index) => min + index);
}

const table = Object.values(apis).map((api: Api) => ({ name: api.name, api }));

describe.each(table)('$name', ({ api }) => {
  const key = api.key as ApiKey;

  it.each(sides)('decodes any %s as it was encoded, in every version', (side) => {
    for (const version of versionsOf(api)) {
      for (let round = 0; round < VALUES_PER_VERSION; round++) {
        const value = randomStruct(api[side], version);
        const decoded = decode(side, key, version, encode(side, key, version, value));
        expect(decoded, `version ${version}, seed ${seed}`).toMatchObject(value);
        expect(Object.keys(decoded as object)).toEqual(Object.keys(api[side]));
      }
    }
  });
});

describe('a decoder', () => {
  it('answers mutated messages with a value or a ProtocolError, and re-encodes what it accepts', () => {
    let accepted = 0;
    let rejected = 0;
    for (let mutation = 0; mutation < MUTATIONS; mutation++) {
      const api: Api = pick(table).api;
      const key = api.key as ApiKey;
      const side = pick(sides);
      const version = pick(versionsOf(api));
      const original = encode(side, key, version, randomStruct(api[side], version));
      const frame = mutate(original);
      // The header of a request says what it is: a mutation there would make it another request.
      if (side === 'request') original.copy(frame, 0, 0, 8);
      const what = `${side} ${api.name} ${version} ${frame.toString('hex')}, seed ${seed}`;
      const value = valueOrProtocolError(() => decode(side, key, version, frame), what);
      if (value === undefined) {
        rejected++;
        continue;
      }
      accepted++;
      const once = encode(side, key, version, value);
      const twice = encode(side, key, version, decode(side, key, version, once));
      expect(twice.toString('hex'), what).toBe(once.toString('hex'));
    }
    // Both outcomes must have been met, or the mutations do not test anything.
    expect(accepted).toBeGreaterThan(100);
    expect(rejected).toBeGreaterThan(100);
  });

  it('rejects a count above what the remaining bytes can hold before it allocates', () => {
    const frame = encode('request', 1, 4, fetchOfTopics(1));
    const countPosition = frame.length - PARTITION_BYTES - 4 - TOPIC_BYTES - 4;
    expect(frame.readInt32BE(countPosition)).toBe(1);
    for (const count of [4, 1000, 0x7fffffff]) {
      frame.writeInt32BE(count, countPosition);
      const message = `topics: at byte ${countPosition + 4}: expected ${count} elements of at least`;
      expect(() => decodeRequest(frame), `count ${count}`).toThrow(message);
    }
    for (const count of [-1, -0x80000000]) {
      frame.writeInt32BE(count, countPosition);
      expect(() => decodeRequest(frame), `count ${count}`).toThrow(ProtocolError);
    }
  });

  it('names the field at which a message broke off', () => {
    const frame = encode('request', 1, 4, fetchOfTopics(2));
    frame.writeInt16BE(0x7fff, frame.length - PARTITION_BYTES - 4 - TOPIC_BYTES);
    expect(() => decodeRequest(frame)).toThrow(
      /^topics\/1\/topic: at byte \d+: expected 32767 bytes of string, 21 remain$/,
    );
  });

  it('skips tagged fields that it does not know', () => {
    const frame = encode('request', 12, 4, {
      groupId: 'g',
      generationId: 3,
      memberId: 'm',
      groupInstanceId: null,
    });
    expect(frame.at(-1)).toBe(0);
    const tagged = Buffer.concat([frame.subarray(0, -1), Buffer.from([1, 99, 3, 1, 2, 3])]);
    expect(decodeRequest(tagged).body).toEqual(decodeRequest(frame).body);
  });

  it('gives fields that a version lacks their defaults', () => {
    const frame = encode('request', 11, 0, {
      groupId: 'g',
      sessionTimeoutMs: 1,
      memberId: '',
      protocolType: 'consumer',
      protocols: [],
    });
    expect(decodeRequest(frame).body).toMatchObject({
      rebalanceTimeoutMs: -1,
      groupInstanceId: null,
      reason: null,
    });
  });

  it('hands out records as a view and bytes as a copy', () => {
    const records = Buffer.alloc(100, 1);
    const produce = encode('request', 0, 9, {
      acks: 1,
      timeoutMs: 1,
      topicData: [{ name: 't', partitionData: [{ index: 0, records }] }],
    });
    const request = decodeRequest(produce);
    const view = request.apiKey === 0 ? request.body.topicData[0]?.partitionData[0]?.records : null;
    const token = encode('request', 36, 2, { authBytes: records });
    const authenticate = decodeRequest(token);
    produce.fill(9);
    token.fill(9);
    expect(view).toEqual(Buffer.alloc(100, 9));
    expect(authenticate.body).toEqual({ authBytes: records });
  });
});

describe('an encoder', () => {
  it('refuses a missing field without default and a null that the version does not allow', () => {
    expect(() => encodeResponse(12, 0, 1, {} as never)).toThrow(TypeError);
    expect(() => encode('request', 3, 0, { topics: null })).toThrow(TypeError);
    expect(() => encodeResponse(12, 5, 1, { errorCode: 0 })).toThrow(ProtocolError);
  });

  it('passes large records on by reference', () => {
    const records = Buffer.alloc(8192, 7);
    const chunks = encodeResponse(1, 4, 1, fetchedRecords(records));
    expect(chunks).toHaveLength(2);
    expect(chunks[1]).toBe(records);
  });
});

/** Sizes in a Fetch request of version 4. */
const PARTITION_BYTES = 4 + 8 + 4;
const TOPIC_BYTES = 2 + 1;

function fetchOfTopics(count: number) {
  const topics = Array.from({ length: count }, () => ({
    topic: 'a',
    topicId: ZERO_UUID,
    partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1024 }],
  }));
  return { maxWaitMs: 0, minBytes: 0, isolationLevel: 0, sessionId: 0, rackId: '', topics };
}

function fetchedRecords(records: Buffer) {
  const partition = {
    partitionIndex: 0,
    errorCode: 0,
    highWatermark: 1,
    abortedTransactions: null,
    records,
  };
  const responses = [{ topic: 'a', topicId: ZERO_UUID, partitions: [partition] }];
  return { errorCode: 0, sessionId: 0, responses };
}

/** Flips, overwrites, removes or inserts a few bytes. */
function mutate(frame: Buffer): Buffer {
  let bytes = Buffer.from(frame);
  for (let times = 1 + Math.floor(random() * 3); times > 0 && bytes.length > 0; times--) {
    const at = Math.floor(random() * bytes.length);
    const tail = bytes.subarray(at + 1);
    const change = Math.floor(random() * 5);
    if (change === 0) bytes[at]! ^= 1 << Math.floor(random() * 8);
    else if (change === 1) bytes[at] = pick([0, 1, 0x7f, 0x80, 0xff]);
    else if (change === 2) bytes = Buffer.concat([bytes.subarray(0, at), tail]);
    else if (change === 3) bytes = Buffer.concat([bytes.subarray(0, at), randomBytes(), tail]);
    else bytes.fill(0xff, at, Math.min(at + 4, bytes.length));
  }
  return bytes;
}

function valueOrProtocolError(action: () => unknown, what: string): unknown {
  try {
    return action();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw new Error(what, { cause: error });
  }
}
