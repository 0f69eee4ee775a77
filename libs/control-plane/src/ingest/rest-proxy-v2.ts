import { isUtf8 } from 'node:buffer';
import { IngestRefusal, refuseRecords, type RecordProblem } from './ingest-problem.ts';
import { arrayElements, objectMembers, type Slice } from './json-text.ts';
import { isPartition, parseJson } from './native-format.ts';
import { NO_HEADERS, type IncomingRecord } from './record.ts';

/** How keys and values are embedded in a request of REST Proxy v2. */
export type EmbeddedFormat = 'json' | 'binary';

const RECORD_MEMBERS = new Set(['key', 'value', 'partition']);

/**
 * The records of a produce request of the Confluent REST Proxy v2, `{"records":[{key,value,
 * partition}]}`. Embedded JSON becomes the record's bytes as written (a text keeps its quotes, as
 * the proxy's JSON serializer does); binary is base64.
 * @param partition of the path `/topics/{topic}/partitions/{partition}`
 * @throws IngestRefusal
 */
export function parseRestProxyV2(
  body: Buffer,
  format: EmbeddedFormat,
  partition: number | undefined,
): IncomingRecord[] {
  if (!isUtf8(body)) {
    throw new IngestRefusal({ code: 'malformed-json', message: 'the body is not UTF-8' });
  }
  const request = parseJson(body.toString('utf8'));
  const given = isObject(request) ? request['records'] : undefined;
  if (!Array.isArray(given)) {
    throw new IngestRefusal({ code: 'invalid-record', message: 'records may not be null' });
  }
  if (given.length === 0) {
    throw new IngestRefusal({ code: 'no-records', message: 'records may not be empty' });
  }
  const slices = arrayElements(body, objectMembers(body).get('records') as Slice);
  const problems: RecordProblem[] = [];
  const records: IncomingRecord[] = [];
  for (let index = 0; index < given.length; index++) {
    const record = readRecord(body, slices[index] as Slice, given[index], format);
    if (typeof record === 'string') {
      problems.push({ index, code: 'invalid-record', message: record });
    } else {
      records.push(partition === undefined ? record : { ...record, partition });
    }
  }
  if (problems.length > 0) refuseRecords(problems);
  return records;
}

function readRecord(
  body: Buffer,
  slice: Slice,
  given: unknown,
  format: EmbeddedFormat,
): IncomingRecord | string {
  if (!isObject(given)) return 'a record is an object with key, value and partition';
  for (const name of Object.keys(given)) {
    if (!RECORD_MEMBERS.has(name)) return `unrecognized field ${JSON.stringify(name)}`;
  }
  const partition = given['partition'] ?? undefined;
  if (partition !== undefined && !isPartition(partition)) return 'partition is not a whole number';
  const members = format === 'json' ? objectMembers(body, slice) : undefined;
  const read = (name: 'key' | 'value'): Buffer | null | string => {
    const value = given[name] ?? null;
    if (value === null) return null;
    if (members) {
      const { start, end } = members.get(name) as Slice;
      return body.subarray(start, end);
    }
    return (typeof value === 'string' ? fromBase64(value) : undefined) ?? `${name} is not base64`;
  };
  const key = read('key');
  const value = read('value');
  if (typeof key === 'string') return key;
  if (typeof value === 'string') return value;
  return { key, value, headers: NO_HEADERS, partition, timestamp: undefined };
}

/** Undefined when the text is not base64 (RFC 4648, with padding). */
export function fromBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
