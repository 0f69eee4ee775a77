import { isUtf8 } from 'node:buffer';
import { IngestRefusal } from './ingest-problem.ts';
import { objectMembers, type Slice } from './json-text.ts';
import { isPartition, parseJson, readTimestamp } from './native-format.ts';
import type { IncomingRecord, RecordHeader } from './record.ts';
import { fromBase64, isObject } from './rest-proxy-v2.ts';

/** How a key or value of REST Proxy v3 says that it is written. */
export type EmbeddedType = 'BINARY' | 'JSON' | 'STRING';

/** A record of REST Proxy v3, with what its report repeats. */
export interface RestProxyV3Record {
  readonly record: IncomingRecord;
  readonly keyType: EmbeddedType | undefined;
  readonly valueType: EmbeddedType | undefined;
}

const RECORD_MEMBERS = new Set(['partition_id', 'headers', 'key', 'value', 'timestamp']);
/** What a batch adds to a record: REST Proxy's `records:batch`. */
export const BATCH_ID = 'id';

/**
 * One record of the Confluent REST Proxy v3: `{"partition_id", "headers": [{name, value: base64}],
 * "key": {type, data}, "value": {type, data}, "timestamp"}`, all optional. JSON data becomes the
 * record's bytes as written.
 * @throws IngestRefusal
 */
export function parseRestProxyV3(body: Buffer, slice: Slice): RestProxyV3Record {
  const bytes = body.subarray(slice.start, slice.end);
  if (!isUtf8(bytes)) refuse('the record is not UTF-8', 'malformed-json');
  const given = parseJson(bytes.toString('utf8'));
  if (!isObject(given)) refuse('a record is an object');
  for (const name of Object.keys(given)) {
    if (!RECORD_MEMBERS.has(name) && name !== BATCH_ID) {
      refuse(`Unrecognized field ${JSON.stringify(name)}`);
    }
  }
  const partition = given['partition_id'] ?? undefined;
  if (partition !== undefined && !isPartition(partition)) {
    refuse('partition_id is not a whole number');
  }
  const timestamp = readTimestamp(given['timestamp']);
  if (typeof timestamp === 'string') refuse(timestamp);
  const key = readData(bytes, given, 'key');
  const value = readData(bytes, given, 'value');
  return {
    record: {
      key: key.data,
      value: value.data,
      headers: readHeaders(given['headers']),
      partition,
      timestamp,
    },
    keyType: key.type,
    valueType: value.type,
  };
}

function readData(
  bytes: Buffer,
  record: Record<string, unknown>,
  name: 'key' | 'value',
): { readonly data: Buffer | null; readonly type: EmbeddedType | undefined } {
  const given = record[name] ?? undefined;
  if (given === undefined) return { data: null, type: undefined };
  if (!isObject(given)) refuse(`${name} is not an object with type and data`);
  const type = given['type'];
  const data = given['data'] ?? null;
  if (type === 'JSON') {
    const member = objectMembers(bytes, objectMembers(bytes).get(name)).get('data');
    if (member === undefined || data === null) return { data: null, type };
    return { data: bytes.subarray(member.start, member.end), type };
  }
  if (type === 'STRING') {
    if (data !== null && typeof data !== 'string') refuse(`${name}.data is not a text`);
    return { data: data === null ? null : Buffer.from(data), type };
  }
  if (type === 'BINARY') {
    const decoded = typeof data === 'string' ? fromBase64(data) : null;
    if (decoded === undefined || (decoded === null && data !== null)) {
      refuse(`${name}.data is not base64`);
    }
    return { data: decoded, type };
  }
  return refuse(`${name}.type is ${JSON.stringify(type)}; BINARY, JSON and STRING are supported`);
}

function readHeaders(given: unknown): RecordHeader[] {
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given)) refuse('headers is not a list');
  return given.map((header: unknown) => {
    if (!isObject(header) || typeof header['name'] !== 'string') refuse('a header has no name');
    const value = header['value'] ?? null;
    const decoded = typeof value === 'string' ? fromBase64(value) : null;
    if (decoded === undefined || (decoded === null && value !== null)) {
      refuse(`the value of header ${JSON.stringify(header['name'])} is not base64`);
    }
    return { name: Buffer.from(header['name']), value: decoded };
  });
}

function refuse(
  message: string,
  code: 'invalid-record' | 'malformed-json' = 'invalid-record',
): never {
  throw new IngestRefusal({ code, message });
}
