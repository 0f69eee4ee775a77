import { isUtf8 } from 'node:buffer';
import { IngestRefusal, refuseRecords, type RecordProblem } from './ingest-problem.ts';
import { resolvePointer, type JsonPointer } from './json-pointer.ts';
import { arrayElements, isArrayText, type Slice } from './json-text.ts';
import { parseJson } from './native-format.ts';
import type { IncomingRecord, RecordHeader } from './record.ts';
import { fromBase64, isObject } from './rest-proxy-v2.ts';

/**
 * CloudEvents 1.0, from the HTTP protocol binding to the Kafka protocol binding.
 *
 * - Binary: `ce-NAME` headers become `ce_NAME` record headers, Content-Type becomes `content-type`,
 *   and the body, byte for byte, the value; without a body it is a tombstone.
 * - Structured, and each element of a batch (which Kafka's binding does not have): the envelope is
 *   the value, byte for byte, and `content-type` says so. Its attributes are repeated as `ce_NAME`
 *   headers, as the binding allows (3.3.3), so that a consumer may filter without parsing.
 * - The key is that of the request, else the attribute `partitionkey` (3.1).
 */
export type CloudEventsMode = 'binary' | 'structured' | 'batch';

export const STRUCTURED_MEDIA_TYPE = 'application/cloudevents+json';
export const BATCH_MEDIA_TYPE = 'application/cloudevents-batch+json';

export interface CloudEventOptions {
  /** Key of every record; goes before `partitionkey`. */
  readonly key?: Buffer;
  /** Where in each envelope its key is. */
  readonly keyField?: JsonPointer;
  readonly partition?: number;
  /** Headers of every record, beside those of the event. */
  readonly headers: readonly RecordHeader[];
}

type Attributes = ReadonlyMap<string, string>;

const REQUIRED = ['specversion', 'id', 'source', 'type'] as const;
const ATTRIBUTE_NAME = /^[a-z0-9]{1,64}$/;
/** RFC 3339, as the attribute `time` has to be. */
const TIME = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const DATA_MEMBERS = new Set(['data', 'data_base64']);
const HEADER_PREFIX = 'ce-';

/**
 * The record of an event in binary mode.
 * @param rawHeaders names and values in turn, as they were sent
 * @throws IngestRefusal
 */
export function parseBinaryCloudEvent(
  body: Buffer,
  contentType: string | undefined,
  rawHeaders: readonly string[],
  options: CloudEventOptions,
): IncomingRecord[] {
  const attributes = new Map<string, string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    if (!name.startsWith(HEADER_PREFIX)) continue;
    const attribute = name.slice(HEADER_PREFIX.length);
    if (attributes.has(attribute)) refuse(`the header ${name} is there twice`);
    attributes.set(attribute, decodeHeader(name, rawHeaders[i + 1] as string));
  }
  const problem = attributes.has('datacontenttype')
    ? 'ce-datacontenttype is not a header of CloudEvents: Content-Type says it'
    : attributesProblem(attributes);
  if (problem !== undefined) refuse(problem);
  const value = body.length === 0 ? null : body;
  return [toRecord(value, attributes, contentType, options, undefined)];
}

/**
 * The records of events that are JSON envelopes.
 * @throws IngestRefusal if any of them cannot be taken; then none is
 */
export function parseCloudEvents(
  body: Buffer,
  mode: 'structured' | 'batch',
  options: CloudEventOptions,
): IncomingRecord[] {
  if (!isUtf8(body)) {
    throw new IngestRefusal({ code: 'malformed-json', message: 'the body is not UTF-8' });
  }
  const parsed = parseJson(body.toString('utf8'));
  if ((mode === 'batch') !== isArrayText(body)) {
    refuse(
      mode === 'batch'
        ? `${BATCH_MEDIA_TYPE} is an array of events`
        : `${STRUCTURED_MEDIA_TYPE} is one event; send several as ${BATCH_MEDIA_TYPE}`,
    );
  }
  const envelopes = mode === 'batch' ? (parsed as unknown[]) : [parsed];
  if (envelopes.length === 0) {
    throw new IngestRefusal({ code: 'no-records', message: 'the batch has no events' });
  }
  const slices: readonly Slice[] =
    mode === 'batch' ? arrayElements(body) : [{ start: 0, end: body.length }];
  const problems: RecordProblem[] = [];
  const records: IncomingRecord[] = [];
  for (let index = 0; index < envelopes.length; index++) {
    const { start, end } = slices[index] as Slice;
    const record = fromEnvelope(body.subarray(start, end), envelopes[index], options);
    if (typeof record === 'string') {
      problems.push({ index, code: 'invalid-cloudevent', message: record });
    } else records.push(record);
  }
  if (problems.length > 0) refuseRecords(problems);
  return records;
}

/** The record of an envelope, or what is wrong with it. */
function fromEnvelope(
  value: Buffer,
  envelope: unknown,
  options: CloudEventOptions,
): IncomingRecord | string {
  if (!isObject(envelope)) return 'an event is an object with specversion, id, source and type';
  const attributes = new Map<string, string>();
  for (const [name, given] of Object.entries(envelope)) {
    // Null is an attribute that is not set (JSON event format, 2.2).
    if (given === null || DATA_MEMBERS.has(name)) continue;
    if (typeof given === 'object') {
      return `the attribute ${name} is neither text, number nor boolean`;
    }
    if (typeof given === 'number' && !isInt32(given)) {
      return `the attribute ${name} is not a whole number of 32 bits`;
    }
    attributes.set(name, typeof given === 'string' ? given : JSON.stringify(given));
  }
  const { data = null, data_base64: base64 = null } = envelope;
  if (data !== null && base64 !== null) return 'an event has data or data_base64, not both';
  if (base64 !== null && (typeof base64 !== 'string' || fromBase64(base64) === undefined)) {
    return 'data_base64 is not base64';
  }
  const problem = attributesProblem(attributes);
  if (problem !== undefined) return problem;
  attributes.delete('datacontenttype');
  if (options.keyField === undefined) {
    return toRecord(value, attributes, STRUCTURED_MEDIA_TYPE, options, undefined);
  }
  const found = resolvePointer(envelope, options.keyField);
  if (found === undefined) return `it has nothing at the keyField /${options.keyField.join('/')}`;
  const key = found === null ? undefined : Buffer.from(keyText(found));
  return toRecord(value, attributes, STRUCTURED_MEDIA_TYPE, options, key);
}

function keyText(found: unknown): string {
  return typeof found === 'string' ? found : JSON.stringify(found);
}

function attributesProblem(attributes: Attributes): string | undefined {
  for (const name of REQUIRED) {
    const value = attributes.get(name);
    if (value === undefined || value === '') return `the attribute ${name} is missing`;
  }
  for (const name of attributes.keys()) {
    if (!ATTRIBUTE_NAME.test(name)) {
      return `${JSON.stringify(name)} is not the name of an attribute: a-z and 0-9 are allowed`;
    }
  }
  const specversion = attributes.get('specversion');
  if (specversion !== '1.0') return `specversion is ${specversion}; 1.0 is taken`;
  const time = attributes.get('time');
  if (time !== undefined && (!TIME.test(time) || Number.isNaN(Date.parse(time)))) {
    return 'the attribute time is not a date and time of RFC 3339';
  }
  return undefined;
}

function toRecord(
  value: Buffer | null,
  attributes: Attributes,
  contentType: string | undefined,
  options: CloudEventOptions,
  ownKey: Buffer | undefined,
): IncomingRecord {
  const headers: RecordHeader[] = [...options.headers];
  for (const [name, text] of attributes) {
    headers.push({ name: Buffer.from(`ce_${name}`), value: Buffer.from(text) });
  }
  if (contentType !== undefined) {
    headers.push({ name: Buffer.from('content-type'), value: Buffer.from(contentType) });
  }
  const partitionKey = attributes.get('partitionkey');
  const key =
    ownKey ?? options.key ?? (partitionKey === undefined ? null : Buffer.from(partitionKey));
  return { key, value, headers, partition: options.partition, timestamp: undefined };
}

/** HTTP binding, 3.1.3.2: quotes around it fall away, and `%XX` are bytes of UTF-8. */
function decodeHeader(name: string, sent: string): string {
  const quoted = /^"(?<inner>(?:[^"\\]|\\.)*)"$/.exec(sent)?.groups?.['inner'];
  const text = quoted === undefined ? sent : quoted.replace(/\\(.)/g, '$1');
  const bytes = Buffer.from(
    text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  );
  return isUtf8(bytes)
    ? bytes.toString('utf8')
    : refuse(`the header ${name} is not percent-encoded UTF-8`);
}

function isInt32(value: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31;
}

function refuse(message: string): never {
  throw new IngestRefusal({ code: 'invalid-cloudevent', message });
}
