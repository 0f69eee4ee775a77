import { isUtf8 } from 'node:buffer';
import {
  IngestRefusal,
  refuseRecords,
  type IngestProblemCode,
  type RecordProblem,
} from './ingest-problem.ts';
import { resolvePointer, type JsonPointer } from './json-pointer.ts';
import { arrayElements, isArrayText, objectMembers, type Slice } from './json-text.ts';
import { NO_HEADERS, type IncomingRecord, type RecordHeader } from './record.ts';

export type NativeMedia = 'json' | 'ndjson';

/** How the records of a native request are made from its body. */
export interface NativeOptions {
  readonly media: NativeMedia;
  /** Key of every record. */
  readonly key?: Buffer;
  /** Where in each value its key is. */
  readonly keyField?: JsonPointer;
  readonly headers?: readonly RecordHeader[];
  readonly partition?: number;
  /** Each element is `{key, value, headers, partition, timestamp}` instead of a value. */
  readonly envelope?: boolean;
}

/** One element: its bytes, and what `JSON.parse` made of them. */
interface Element {
  readonly slice: Slice;
  readonly parsed: unknown;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const ENVELOPE_MEMBERS = new Set(['key', 'value', 'headers', 'partition', 'timestamp']);
const BAD_TIMESTAMP = 'timestamp is neither ms since 1970 nor an ISO 8601 date';
/** Dates far enough for anybody, and small enough for the arithmetic of record batches. */
const TIMESTAMP_MAX = 4_000_000_000_000_000;

/**
 * The records of a native request. A value is the body, the array's element or the line, byte for
 * byte as it came in.
 * @throws IngestRefusal if anything in the body cannot be taken; then nothing of it is.
 */
export function parseNative(body: Buffer, options: NativeOptions): IncomingRecord[] {
  const text = withoutByteOrderMark(body);
  if (!isUtf8(text)) {
    throw new IngestRefusal({ code: 'malformed-json', message: 'the body is not UTF-8' });
  }
  const elements = options.media === 'ndjson' ? readLines(text) : readJson(text);
  if (elements.length === 0) {
    throw new IngestRefusal({ code: 'no-records', message: 'the body has no records' });
  }
  const problems: RecordProblem[] = [];
  const records: IncomingRecord[] = [];
  for (let index = 0; index < elements.length; index++) {
    const element = elements[index] as Element;
    const record = options.envelope
      ? fromEnvelope(text, element, options)
      : fromValue(text, element, options);
    if (typeof record === 'string') problems.push(invalid(index, record));
    else records.push(record);
  }
  if (problems.length > 0) refuseRecords(problems);
  return records;
}

/** @throws IngestRefusal naming the place of the first fault */
export function parseJson(text: string, at: { readonly line: number } = { line: 1 }): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(text, error as SyntaxError, at.line);
  }
}

function readJson(text: Buffer): Element[] {
  const whole = { start: 0, end: text.length };
  const parsed = parseJson(text.toString('utf8'));
  if (!isArrayText(text)) return [{ slice: trimmed(text, whole), parsed }];
  const values = parsed as unknown[];
  return arrayElements(text).map((slice, index) => ({ slice, parsed: values[index] }));
}

function readLines(text: Buffer): Element[] {
  const elements: Element[] = [];
  let line = 1;
  for (let start = 0; start < text.length; line++) {
    const feed = text.indexOf(LINE_FEED, start);
    const end = feed === -1 ? text.length : feed;
    const slice = trimmed(text, { start, end });
    if (slice.end > slice.start) {
      const parsed = parseJson(text.toString('utf8', slice.start, slice.end), { line });
      elements.push({ slice, parsed });
    }
    start = end + 1;
  }
  return elements;
}

function fromValue(
  text: Buffer,
  element: Element,
  options: NativeOptions,
): IncomingRecord | string {
  const value = text.subarray(element.slice.start, element.slice.end);
  const key = options.keyField
    ? keyAt(value, element.parsed, options.keyField)
    : (options.key ?? null);
  if (typeof key === 'string') return key;
  const { headers = NO_HEADERS, partition } = options;
  return { key, value, headers, partition, timestamp: undefined };
}

/** The key's bytes, null for a JSON null, or what is wrong. */
function keyAt(value: Buffer, parsed: unknown, pointer: JsonPointer): Buffer | null | string {
  const found = resolvePointer(parsed, pointer);
  if (found === undefined) return `it has nothing at the keyField /${pointer.join('/')}`;
  if (found === null) return null;
  if (typeof found === 'string') return Buffer.from(found);
  if (typeof found === 'number' && !Number.isSafeInteger(found)) {
    return Buffer.from(numberSource(value.toString('utf8'), pointer) ?? String(found));
  }
  return Buffer.from(JSON.stringify(found));
}

/** A number as it is written in the text: 12345678901234567890 has no other exact form. */
function numberSource(text: string, pointer: JsonPointer): string | undefined {
  // The third argument of a reviver is in Node, but not yet in TypeScript's library.
  const parse = JSON.parse as (
    text: string,
    reviver: (name: string, value: unknown, context: { source?: string }) => unknown,
  ) => unknown;
  const tree = parse(text, (_name, value, context) =>
    typeof value === 'number' ? (context.source ?? String(value)) : value,
  );
  const found = resolvePointer(tree, pointer);
  return typeof found === 'string' ? found : undefined;
}

function fromEnvelope(
  text: Buffer,
  { slice, parsed }: Element,
  options: NativeOptions,
): IncomingRecord | string {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return 'an envelope is an object with key, value, headers, partition, timestamp';
  }
  const envelope = parsed as Record<string, unknown>;
  for (const name of Object.keys(envelope)) {
    if (!ENVELOPE_MEMBERS.has(name)) return `an envelope has no member ${JSON.stringify(name)}`;
  }
  const at = objectMembers(text, slice).get('value');
  if (at === undefined) return 'the envelope has no value (null makes a tombstone)';
  const value = envelope['value'] === null ? null : text.subarray(at.start, at.end);
  const key = envelopeKey(text, envelope, slice, options);
  if (typeof key === 'string') return key;
  const headers = envelopeHeaders(envelope['headers'], options.headers ?? NO_HEADERS);
  if (typeof headers === 'string') return headers;
  const partition = envelope['partition'] ?? options.partition;
  if (partition !== undefined && !isPartition(partition)) {
    return 'partition is not a whole number from 0';
  }
  const timestamp = readTimestamp(envelope['timestamp']);
  if (typeof timestamp === 'string') return timestamp;
  return { key, value, headers, partition, timestamp };
}

function envelopeKey(
  text: Buffer,
  envelope: Record<string, unknown>,
  slice: Slice,
  options: NativeOptions,
): Buffer | null | string {
  const key = envelope['key'];
  if (key === undefined && options.keyField) {
    return keyAt(memberBytes(text, slice, 'value'), envelope['value'], options.keyField);
  }
  if (key === undefined) return options.key ?? null;
  if (key === null) return null;
  return typeof key === 'string' ? Buffer.from(key) : memberBytes(text, slice, 'key');
}

function memberBytes(text: Buffer, slice: Slice, name: string): Buffer {
  const member = objectMembers(text, slice).get(name);
  return member ? text.subarray(member.start, member.end) : Buffer.alloc(0);
}

/** `{"name": "text"}`; null is a header without a value, an array is one that repeats. */
function envelopeHeaders(
  given: unknown,
  ofRequest: readonly RecordHeader[],
): readonly RecordHeader[] | string {
  if (given === undefined || given === null) return ofRequest;
  if (typeof given !== 'object' || Array.isArray(given)) {
    return 'headers is not an object of names and texts';
  }
  const headers: RecordHeader[] = [...ofRequest];
  for (const [name, value] of Object.entries(given)) {
    for (const single of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof single !== 'string' && single !== null) {
        return `the header ${JSON.stringify(name)} is not a text`;
      }
      headers.push({
        name: Buffer.from(name),
        value: single === null ? null : Buffer.from(single),
      });
    }
  }
  return headers;
}

/** ms since epoch, from a number of them or an ISO 8601 date, or what is wrong. */
export function readTimestamp(given: unknown): number | undefined | typeof BAD_TIMESTAMP {
  const fault = BAD_TIMESTAMP;
  if (given === undefined || given === null) return undefined;
  if (typeof given === 'string') {
    const parsed = /^\d{4}-\d{2}-\d{2}T/.test(given) ? Date.parse(given) : NaN;
    return Number.isNaN(parsed) || parsed < 0 ? fault : parsed;
  }
  if (typeof given !== 'number' || !Number.isSafeInteger(given)) return fault;
  return given < 0 || given > TIMESTAMP_MAX ? fault : given;
}

export function isPartition(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31;
}

function invalid(index: number, message: string): RecordProblem {
  const code: IngestProblemCode = 'invalid-record';
  return { index, code, message };
}

function trimmed(text: Buffer, slice: Slice): Slice {
  let { start, end } = slice;
  while (start < end && isSpace(text[start] as number)) start++;
  while (end > start && isSpace(text[end - 1] as number)) end--;
  return { start, end };
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === LINE_FEED || byte === CARRIAGE_RETURN;
}

function withoutByteOrderMark(body: Buffer): Buffer {
  const marked = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  return marked ? body.subarray(3) : body;
}

/** V8 names the position in most of its messages; `positionOfFault` looks for it in the others. */
function malformed(text: string, error: SyntaxError, firstLine: number): IngestRefusal {
  const what = error.message
    .replace(/ in JSON at position .*$/s, '')
    .replace(/, (\.{3})?"[^]*$/, '');
  const named = /at position (\d+)/.exec(error.message)?.[1];
  const position = named === undefined ? positionOfFault(text) : Number(named);
  if (position === undefined) {
    return new IngestRefusal({
      code: 'malformed-json',
      message: `not JSON: ${what}; nothing of this request was kept`,
    });
  }
  const before = text.slice(0, position);
  const line = firstLine + (before.match(/\n/g)?.length ?? 0);
  const column = position - before.lastIndexOf('\n');
  return new IngestRefusal({
    code: 'malformed-json',
    message: `not JSON at line ${line}, column ${column}: ${what}; nothing of this request was kept`,
    line,
    column,
  });
}

const SEARCHED_TEXT_MAX = 1024 * 1024;

/** Index of the first character with which `text` stops being the beginning of some JSON text. */
function positionOfFault(text: string): number | undefined {
  if (text.length > SEARCHED_TEXT_MAX) return undefined;
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (middle <= text.length && isBeginningOfJson(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function isBeginningOfJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    return (
      /end of JSON input|Unterminated string|Expected .* after/.test(
        (error as SyntaxError).message,
      ) && endsThere(text, error as SyntaxError)
    );
  }
}

/** Whether the fault is that the text ends, not something in it. */
function endsThere(text: string, error: SyntaxError): boolean {
  const position = /at position (\d+)/.exec(error.message)?.[1];
  return position === undefined || Number(position) >= text.length;
}
