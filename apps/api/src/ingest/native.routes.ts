import {
  IngestRefusal,
  parseJsonPointer,
  parseNative,
  type Acks,
  type IngestReport,
  type NativeMedia,
  type NativeOptions,
  type RecordHeader,
  type RecordReport,
} from '@penstock/control-plane';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IngestHttp } from './ingest-http.ts';
import { problemOfFailures, refuse } from './ingest-refusal.ts';

type NativeRequest = FastifyRequest<{
  Params: { topic: string };
  Querystring: Record<string, string | string[] | undefined>;
  Body: Buffer;
}>;

const MEDIA: Readonly<Record<string, NativeMedia>> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'application/x-jsonlines': 'ndjson',
};
const PARAMETERS = new Set(['key', 'keyField', 'partition', 'ack', 'envelope']);
const ACKS = new Set<string>(['all', 'leader', 'none'] satisfies Acks[]);
const HEADER_PREFIX = 'penstock-header-';
const JSON_MEDIA_TYPE = 'application/json; charset=utf-8';

/** `POST /ingest/{topic}`: Penstock's own form of ingest. */
export function registerNativeRoutes(fastify: FastifyInstance, http: IngestHttp): void {
  fastify.post('/ingest/:topic', async (request: NativeRequest, reply) => {
    const done = http.measure('native', reply);
    try {
      const media = mediaOf(request.headers['content-type']);
      const acks = acksOf(request.query);
      const options = optionsOf(request, media);
      const body = await http.body(request);
      const outcome = await http.ingest.append(request.params.topic, acks, () =>
        parseNative(body, options),
      );
      if (!outcome.ok) throw new IngestRefusal(outcome.problem);
      done(outcome.report.records.length - outcome.report.refused, body.length);
      return answer(reply, request.params.topic, acks, outcome.report);
    } catch (error) {
      done(0, 0);
      return refuse(reply, error);
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

function mediaOf(contentType: string | undefined): NativeMedia {
  const media = MEDIA[mediaTypeOf(contentType)];
  if (media !== undefined) return media;
  throw new IngestRefusal({
    code: 'unsupported-media-type',
    message: `Content-Type ${contentType ?? '(none)'} is not taken; send application/json (one value, or an array of them) or application/x-ndjson (one value per line)`,
    allowed: Object.keys(MEDIA),
  });
}

/** The type without its parameters. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function acksOf(query: NativeRequest['query']): Acks {
  const ack = single(query, 'ack') ?? 'all';
  if (!ACKS.has(ack)) badParameter('ack', ack, 'all, leader or none');
  return ack as Acks;
}

function optionsOf(request: NativeRequest, media: NativeMedia): NativeOptions {
  const { query } = request;
  for (const name of Object.keys(query)) {
    if (!PARAMETERS.has(name)) {
      throw new IngestRefusal({
        code: 'invalid-parameter',
        message: `there is no parameter ${JSON.stringify(name)}; there are ${[...PARAMETERS].join(', ')}`,
        allowed: [...PARAMETERS],
      });
    }
  }
  const key = single(query, 'key');
  const keyField = keyFieldOf(query);
  if (key !== undefined && keyField !== undefined) {
    badParameter('key', key, 'either key or keyField, not both');
  }
  const partition = partitionOf(query);
  return {
    media,
    envelope: flag(query, 'envelope'),
    headers: recordHeaders(request.raw.rawHeaders),
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
    if (name.length <= HEADER_PREFIX.length || (name.charCodeAt(0) | 0x20) !== 0x70) continue;
    if (!name.toLowerCase().startsWith(HEADER_PREFIX)) continue;
    headers.push({
      name: Buffer.from(name.slice(HEADER_PREFIX.length)),
      value: Buffer.from(rawHeaders[i + 1] as string, 'latin1'),
    });
  }
  return headers;
}
