import {
  BATCH_MEDIA_TYPE,
  IngestRefusal,
  STRUCTURED_MEDIA_TYPE,
  parseBinaryCloudEvent,
  parseCloudEvents,
  parseJsonPointer,
  parseNative,
  type Acks,
  type CloudEventOptions,
  type CloudEventsMode,
  type IncomingRecord,
  type IngestReport,
  type NativeMedia,
  type RecordHeader,
  type RecordReport,
} from '@penstock/control-plane';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IngestHttp } from './ingest-http.ts';
import { problemOfFailures, refuse } from './ingest-refusal.ts';
import { mediaTypeOf, requireUtf8 } from './media-type.ts';
import { RECORD_HEADER_PREFIX, checkHead, type Accepted } from './request-headers.ts';

type NativeRequest = FastifyRequest<{
  Params: { topic: string };
  Querystring: Record<string, string | string[] | undefined>;
  Body: Buffer;
}>;

/** What query and headers make of a request, before its body is read. */
interface Plan {
  readonly acks: Acks;
  readonly parse: (body: Buffer) => IncomingRecord[];
}

const MEDIA: Readonly<Record<string, NativeMedia>> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'application/x-jsonlines': 'ndjson',
};
const MEDIA_ALLOWED = [
  ...Object.keys(MEDIA),
  'application/*+json',
  STRUCTURED_MEDIA_TYPE,
  BATCH_MEDIA_TYPE,
];
const PARAMETERS = ['key', 'keyField', 'partition', 'ack', 'envelope'];
const ACKS = new Set<string>(['all', 'leader', 'none'] satisfies Acks[]);
const PLAN = 'plan';
const JSON_MEDIA_TYPE = 'application/json; charset=utf-8';

/** `POST /ingest/{topic}`: Penstock's own form of ingest. */
export function registerNativeRoutes(fastify: FastifyInstance, http: IngestHttp): void {
  http.prepare(fastify, 'native', refuse);
  const accepted: Accepted = {
    parameters: PARAMETERS,
    recordHeaders: true,
    bodyBytesMax: http.bodyBytesMax,
  };
  // Not in a WeakMap: what a plan refers to would outlive its request until the collector's next
  // full round, which makes young garbage old.
  fastify.decorateRequest(PLAN);
  const plan = async (request: NativeRequest): Promise<void> => {
    checkHead(request, accepted);
    request.setDecorator(PLAN, planOf(request));
    await http.requireTopic(request);
  };
  const options = { bodyLimit: http.bodyBytesMax, onRequest: plan };
  fastify.post('/ingest/:topic', options, async (request: NativeRequest, reply) => {
    const { acks, parse } = request.getDecorator<Plan>(PLAN);
    try {
      const body = await http.body(request);
      const outcome = await http.ingest.append(request.params.topic, acks, () => parse(body));
      if (!outcome.ok) throw new IngestRefusal(outcome.problem);
      const { records, refused } = outcome.report;
      http.count('native', records.length - refused, body.length);
      return answer(reply, request.params.topic, acks, outcome.report);
    } finally {
      http.release(request);
    }
  });
}

function answer(
  reply: FastifyReply,
  topic: string,
  acks: Acks,
  report: IngestReport,
): FastifyReply {
  const { records, refused } = report;
  if (refused === records.length) {
    throw new IngestRefusal(problemOfFailures(records.filter((record) => !record.ok)));
  }
  const status = refused > 0 ? 207 : acks === 'none' ? 202 : 200;
  return reply.code(status).type(JSON_MEDIA_TYPE).send(renderReport(topic, report));
}

/** Written by hand: with a hundred records per request, this is where the time would go. */
function renderReport(topic: string, { records, refused }: IngestReport): string {
  let text = `{"topic":"${topic}","accepted":${records.length - refused},"refused":${refused},"records":[`;
  for (let index = 0; index < records.length; index++) {
    const record = records[index] as RecordReport;
    if (index > 0) text += ',';
    if (record.ok) {
      const offset = record.offset < 0 ? 'null' : record.offset;
      text += `{"partition":${record.partition},"offset":${offset}}`;
    } else {
      const { ok: _, ...error } = record;
      text += JSON.stringify({ partition: null, offset: null, error });
    }
  }
  return `${text}]}\n`;
}

function planOf(request: NativeRequest): Plan {
  const { headers, query, raw } = request;
  const acks = acksOf(query);
  const options = optionsOf(request);
  const envelope = flag(query, 'envelope');
  const type = mediaTypeOf(headers['content-type']);
  const mode = cloudEventsModeOf(headers, type);
  if (mode === undefined) {
    const media = mediaOf(headers['content-type'], type);
    return { acks, parse: (body) => parseNative(body, { ...options, media, envelope }) };
  }
  if (envelope) badParameter('envelope', 'true', 'false for CloudEvents, which are envelopes');
  if (mode !== 'binary') return { acks, parse: (body) => parseCloudEvents(body, mode, options) };
  if (options.keyField !== undefined) {
    badParameter('keyField', query['keyField'] as string, 'key or ce-partitionkey in binary mode');
  }
  const contentType = headers['content-type'];
  return {
    acks,
    parse: (body) => parseBinaryCloudEvent(body, contentType, raw.rawHeaders, options),
  };
}

/** Undefined: no CloudEvent. */
function cloudEventsModeOf(
  headers: NativeRequest['headers'],
  type: string,
): CloudEventsMode | undefined {
  const attribute = Object.keys(headers).find((name) => name.startsWith('ce-'));
  if (!type.startsWith('application/cloudevents')) {
    return attribute === undefined ? undefined : 'binary';
  }
  if (attribute !== undefined) {
    throw new IngestRefusal({
      code: 'unsupported-header',
      message: `${attribute} is a header of binary mode, and ${type} says that the event is in the body`,
    });
  }
  requireUtf8(headers['content-type']);
  if (type === STRUCTURED_MEDIA_TYPE) return 'structured';
  if (type === BATCH_MEDIA_TYPE) return 'batch';
  throw unsupported(type);
}

/** `application/*+json` is JSON (RFC 6839); a request of REST Proxy is meant for another route. */
function mediaOf(contentType: string | undefined, type: string): NativeMedia {
  const isJson =
    /^application\/[^/]+\+json$/.test(type) && !type.startsWith('application/vnd.kafka.');
  const media = MEDIA[type] ?? (isJson ? 'json' : undefined);
  if (media === undefined) throw unsupported(contentType ?? '(none)');
  requireUtf8(contentType);
  return media;
}

function unsupported(contentType: string): IngestRefusal {
  return new IngestRefusal({
    code: 'unsupported-media-type',
    message: `Content-Type ${contentType} is not taken; send application/json (one value, or an array of them), application/x-ndjson (one value per line) or CloudEvents`,
    allowed: MEDIA_ALLOWED,
  });
}

function acksOf(query: NativeRequest['query']): Acks {
  const ack = single(query, 'ack') ?? 'all';
  if (!ACKS.has(ack)) badParameter('ack', ack, 'all, leader or none');
  return ack as Acks;
}

function optionsOf({ query, raw }: NativeRequest): CloudEventOptions {
  const key = single(query, 'key');
  const keyField = keyFieldOf(query);
  if (key !== undefined && keyField !== undefined) {
    badParameter('key', key, 'either key or keyField, not both');
  }
  const partition = partitionOf(query);
  return {
    headers: recordHeaders(raw.rawHeaders),
    ...(key === undefined ? {} : { key: Buffer.from(key) }),
    ...(keyField === undefined ? {} : { keyField }),
    ...(partition === undefined ? {} : { partition }),
  };
}

function keyFieldOf(query: NativeRequest['query']): readonly string[] | undefined {
  const text = single(query, 'keyField');
  if (text === undefined) return undefined;
  const pointer = parseJsonPointer(text);
  return (
    pointer ?? badParameter('keyField', text, 'a JSON pointer (RFC 6901), such as /customer/id')
  );
}

function partitionOf(query: NativeRequest['query']): number | undefined {
  const text = single(query, 'partition');
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) badParameter('partition', text, 'a whole number from 0');
  return Number(text);
}

function flag(query: NativeRequest['query'], name: string): boolean {
  const text = single(query, name) ?? 'false';
  if (text !== 'true' && text !== 'false') badParameter(name, text, 'true or false');
  return text === 'true';
}

function single(query: NativeRequest['query'], name: string): string | undefined {
  const value = query[name];
  if (Array.isArray(value)) badParameter(name, value.join(' and '), 'one value');
  return value;
}

function badParameter(name: string, value: string, allowed: string): never {
  throw new IngestRefusal({
    code: 'invalid-parameter',
    message: `${name}=${JSON.stringify(value)} cannot be used: allowed is ${allowed}`,
  });
}

/** `Penstock-Header-NAME: VALUE`, with the case of NAME as it was sent and the bytes of VALUE. */
function recordHeaders(rawHeaders: readonly string[]): RecordHeader[] {
  const headers: RecordHeader[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length <= RECORD_HEADER_PREFIX.length || (name.charCodeAt(0) | 0x20) !== 0x70) {
      continue;
    }
    if (!name.toLowerCase().startsWith(RECORD_HEADER_PREFIX)) continue;
    headers.push({
      name: Buffer.from(name.slice(RECORD_HEADER_PREFIX.length)),
      value: Buffer.from(rawHeaders[i + 1] as string, 'latin1'),
    });
  }
  return headers;
}
