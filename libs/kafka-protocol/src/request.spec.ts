import { describe, expect, it } from 'vitest';
import {
  advertisedVersions,
  ApiKeys,
  apis,
  decodeRequest,
  decodeRequestHeader,
  encodeRequest,
  ErrorCodes,
  errorName,
  isApiKey,
  isRetriable,
  ProtocolError,
} from './index.ts';

/** Key, version, correlation id 7, then bytes that no body can be. */
function requestOf(key: number, version: number): Buffer {
  const frame = Buffer.alloc(12, 0xff);
  frame.writeInt16BE(key, 0);
  frame.writeInt16BE(version, 2);
  frame.writeInt32BE(7, 4);
  return frame;
}

describe('a request header', () => {
  it('is read as far as it can be when key or version are unknown', () => {
    for (const [apiKey, apiVersion] of [
      [ApiKeys.ApiVersions, 99],
      [ApiKeys.Produce, 0],
      [ApiKeys.Produce, -1],
      [999, 0],
      [-1, 0],
    ] as const) {
      const frame = requestOf(apiKey, apiVersion);
      expect(decodeRequestHeader(frame)).toEqual({
        apiKey,
        apiVersion,
        correlationId: 7,
        clientId: null,
        bodyPosition: 0,
      });
      expect(() => decodeRequest(frame)).toThrow(ProtocolError);
    }
  });

  it('carries client ids, also none and such as are not ASCII', () => {
    for (const clientId of [null, '', 'client', 'größe']) {
      for (const version of [3, 4]) {
        const body = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null };
        const chunks = encodeRequest(
          ApiKeys.Heartbeat,
          version,
          { correlationId: 9, clientId },
          body,
        );
        const request = decodeRequest(Buffer.concat(chunks).subarray(4));
        expect(request).toEqual({
          apiKey: ApiKeys.Heartbeat,
          apiVersion: version,
          correlationId: 9,
          clientId,
          body,
        });
      }
    }
  });

  it('is rejected when it is cut short or its client id lies', () => {
    expect(() => decodeRequestHeader(Buffer.alloc(7))).toThrow(ProtocolError);
    const frame = requestOf(ApiKeys.Heartbeat, 0);
    for (const length of [-2, 3, 0x7fff]) {
      frame.writeInt16BE(length, 8);
      expect(() => decodeRequestHeader(frame), String(length)).toThrow(ProtocolError);
    }
  });
});

describe('what a request may cost', () => {
  const header = Buffer.from('001200030000000100', 'hex');

  it('is not more for twenty million tagged fields of two bytes each in its header', () => {
    const count = Buffer.from([0x80, 0xda, 0xc4, 0x09]);
    const frame = Buffer.concat([header, Buffer.from([0]), count, Buffer.alloc(40_000_000)]);
    const heapBefore = process.memoryUsage().heapUsed;
    expect(() => decodeRequestHeader(frame)).toThrow(ProtocolError);
    expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(5_000_000);
  });

  it('is bounded for tagged fields in the body, and for empty strings and structs', () => {
    const tagged = Buffer.concat([
      header,
      Buffer.from('00000261023280dac409', 'hex'),
      Buffer.alloc(40_000_000),
    ]);
    expect(() => decodeRequest(tagged)).toThrow(/fewer array elements/);
    // Metadata 12: 2.5 million topics of 18 bytes, which are all there.
    const topics = Buffer.from('0003000c00000001000000a0cb9801', 'hex');
    const many = Buffer.concat([topics, Buffer.alloc(50_000_000)]);
    expect(() => decodeRequest(many)).toThrow(/topics: .* fewer array elements/);
  });

  it('leaves room for all partitions of a large broker', () => {
    const partitionIndexes = Array.from({ length: 50_000 }, (_, index) => index);
    const body = { groupId: 'g', topics: [{ name: 't', partitionIndexes }], requireStable: false };
    const frame = encodeRequest(ApiKeys.OffsetFetch, 7, { correlationId: 1, clientId: '' }, body);
    const decoded = decodeRequest(Buffer.concat(frame).subarray(4));
    expect(decoded.body).toMatchObject({ topics: [{ partitionIndexes }] });
  });
});

describe('the versions to advertise', () => {
  it('are those that can be coded, but Produce starts at 0 for old librdkafka', () => {
    expect(advertisedVersions([ApiKeys.Produce, ApiKeys.Fetch, ApiKeys.SaslHandshake])).toEqual([
      { apiKey: 0, minVersion: 0, maxVersion: 11 },
      { apiKey: 1, minVersion: 4, maxVersion: 17 },
      { apiKey: 17, minVersion: 0, maxVersion: 1 },
    ]);
  });

  it('overlap what librdkafka 2.0 tests to switch its features on', () => {
    const probes: [number, number, number][] = [
      [ApiKeys.Produce, 7, 7],
      [ApiKeys.Fetch, 4, 4],
      [ApiKeys.Fetch, 10, 10],
      [ApiKeys.ApiVersions, 0, 0],
      [ApiKeys.FindCoordinator, 0, 0],
      [ApiKeys.OffsetCommit, 1, 2],
      [ApiKeys.OffsetFetch, 1, 1],
      [ApiKeys.JoinGroup, 0, 0],
      [ApiKeys.SyncGroup, 0, 0],
      [ApiKeys.Heartbeat, 0, 0],
      [ApiKeys.LeaveGroup, 0, 0],
      [ApiKeys.ListOffsets, 1, 1],
      [ApiKeys.InitProducerId, 0, 0],
      [ApiKeys.SaslHandshake, 0, 0],
      [ApiKeys.SaslHandshake, 1, 1],
      [ApiKeys.SaslAuthenticate, 0, 0],
    ];
    const rows = advertisedVersions(Object.keys(apis).map(Number).filter(isApiKey));
    for (const [key, min, max] of probes) {
      const row = rows.find(({ apiKey }) => apiKey === key)!;
      expect(row.minVersion <= max && row.maxVersion >= min, `key ${key}`).toBe(true);
    }
  });
});

describe('error codes', () => {
  it('have names, and say whether to try again', () => {
    expect(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION).toBe(3);
    expect(ErrorCodes.UNKNOWN_SERVER_ERROR).toBe(-1);
    expect(errorName(0)).toBe('NONE');
    expect(errorName(129)).toBe('REBOOTSTRAP_REQUIRED');
    expect(errorName(9999)).toBe('UNKNOWN_SERVER_ERROR');
    expect(isRetriable(ErrorCodes.NOT_LEADER_OR_FOLLOWER)).toBe(true);
    expect(isRetriable(ErrorCodes.INVALID_RECORD)).toBe(false);
    expect(isRetriable(9999)).toBe(false);
  });
});
