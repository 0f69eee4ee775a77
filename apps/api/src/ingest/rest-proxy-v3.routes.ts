import type { Readable } from 'node:stream';
import { IngestRefusal, arrayElements, objectMembers, type Slice } from '@penstock/control-plane';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { checkDigests } from './body-digest.ts';
import type { IngestHttp } from './ingest-http.ts';
import { mediaTypeOf, requireUtf8 } from './media-type.ts';
import { bodyTooLarge, decompress } from './request-body.ts';
import { checkHead } from './request-headers.ts';
import { refuseAsRestProxy } from './rest-proxy-error.ts';
import { produceOne } from './rest-proxy-v3-report.ts';
import { V3Stream } from './rest-proxy-v3-stream.ts';

type TopicRequest = FastifyRequest<{
  Params: { cluster: string; topic: string };
  Body: Readable | undefined;
}>;

const JSON_MEDIA_TYPE = 'application/json';
/** The proxy's own limit is 10; each entry costs little here. */
const BATCH_ENTRIES_MAX = 1_000;

/**
 * The record routes of Confluent REST Proxy v3, and the listing of clusters by which its clients
 * learn the id that those routes carry. The id itself is not checked, as at Confluent's.
 */
export function registerRestProxyV3Routes(fastify: FastifyInstance, http: IngestHttp): void {
  http.prepare(fastify, 'v3', refuseV3);
  const bodyBytesMax = http.bodyBytesMax;
  const check = async (
    request: TopicRequest,
    limit: { bodyBytesMax: number; isStream: boolean },
  ): Promise<void> => {
    checkHead(request, { parameters: [], recordHeaders: false, ...limit });
    if (request.method === 'POST') requireJson(request);
    await http.requireTopic(request);
  };
  // A stream of records has no limit; compressed, it is taken as a whole.
  const asStream = (request: TopicRequest): Promise<void> =>
    check(request, {
      bodyBytesMax: request.headers['content-encoding'] ? bodyBytesMax : Infinity,
      isStream: true,
    });
  const asWhole = (request: TopicRequest): Promise<void> =>
    check(request, { bodyBytesMax, isStream: false });
  const streamed = { bodyLimit: Number.MAX_SAFE_INTEGER, onRequest: asStream };
  const whole = { bodyLimit: bodyBytesMax, onRequest: asWhole };

  fastify.get('/v3/clusters', whole, async (request, reply) => {
    const id = await http.ingest.clusterId();
    const base = baseUrl(request);
    const metadata = { self: `${base}/v3/clusters`, next: null };
    return reply.send({
      kind: 'KafkaClusterList',
      metadata,
      data: [describeCluster(base, id)],
    });
  });
  fastify.get('/v3/clusters/:cluster', whole, async (request: TopicRequest, reply) => {
    const id = await http.ingest.clusterId();
    if (request.params.cluster !== id) {
      throw new IngestRefusal({
        code: 'unknown-cluster',
        message: `Cluster ${request.params.cluster} cannot be found.`,
      });
    }
    return reply.send(describeCluster(baseUrl(request), id));
  });
  fastify.post(
    '/v3/clusters/:cluster/topics/:topic/records',
    streamed,
    (request: TopicRequest, reply) => produceStream(http, request, reply),
  );
  fastify.post(
    '/v3/clusters/:cluster/topics/:topic/records::batch',
    whole,
    (request: TopicRequest, reply) => produceBatch(http, request, reply),
  );
}

function refuseV3(reply: FastifyReply, error: unknown): FastifyReply {
  return refuseAsRestProxy(reply, error, JSON_MEDIA_TYPE);
}

function requireJson({ headers }: TopicRequest): void {
  const type = headers['content-type'];
  requireUtf8(type);
  const isEmpty = !headers['transfer-encoding'] && !Number(headers['content-length']);
  if (mediaTypeOf(type) === JSON_MEDIA_TYPE || (type === undefined && isEmpty)) return;
  throw new IngestRefusal({
    code: 'unsupported-media-type',
    message: 'HTTP 415 Unsupported Media Type',
    allowed: [JSON_MEDIA_TYPE],
  });
}

/** Concatenated JSON in, one delivery report per record out, in order, as the records arrive. */
function produceStream(http: IngestHttp, request: TopicRequest, reply: FastifyReply): FastifyReply {
  const { body, headers, params } = request;
  if (body === undefined) {
    const message = 'Payload error. Null input provided. Data is required.';
    throw new IngestRefusal({ code: 'no-records', message });
  }
  const stream = new V3Stream({
    http,
    topic: params.topic,
    clusterId: params.cluster,
    encoding: headers['content-encoding'],
    onEnd: (records, bytes) => http.count('v3', records, bytes),
    onBroken: () => reply.raw.once('finish', () => request.raw.socket.destroySoon()),
  });
  http.bodies.isStream(request, (problem) => stream.end(problem));
  return reply.code(200).type(JSON_MEDIA_TYPE).send(stream.reports(body));
}

async function produceBatch(
  http: IngestHttp,
  request: TopicRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  try {
    const body = await readAll(http, request);
    const entries = readEntries(body);
    const reports = await Promise.all(
      entries.map((entry) => produceEntry(http, request.params, body, entry)),
    );
    const successes = reports.filter((report) => !('error_code' in report));
    const failures = reports.filter((report) => 'error_code' in report);
    http.count('v3', successes.length, body.length);
    return reply.code(207).type(JSON_MEDIA_TYPE).send({ successes, failures });
  } finally {
    http.release(request);
  }
}

async function readAll(http: IngestHttp, request: TopicRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += (chunk as Buffer).length;
    if (bytes > http.bodyBytesMax) throw bodyTooLarge(http.bodyBytesMax);
    http.admit(request, (chunk as Buffer).length);
    chunks.push(chunk as Buffer);
  }
  const body = Buffer.concat(chunks);
  checkDigests(request.headers, body);
  return await decompress(body, request.headers['content-encoding'], http.bodyBytesMax);
}

interface Entry {
  readonly id: string;
  readonly slice: Slice;
}

/** @throws IngestRefusal when the batch as a whole cannot be taken */
function readEntries(body: Buffer): Entry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new IngestRefusal({ code: 'malformed-json', message: (error as Error).message });
  }
  const given = (parsed as { entries?: unknown } | null)?.entries;
  if (!Array.isArray(given) || given.length === 0) throw invalidBatch('Empty batch.');
  if (given.length > BATCH_ENTRIES_MAX) {
    throw invalidBatch(`Too many entries: at most ${BATCH_ENTRIES_MAX}.`);
  }
  const slices = arrayElements(body, objectMembers(body).get('entries'));
  const ids = new Set<string>();
  const entries: Entry[] = [];
  for (let index = 0; index < given.length; index++) {
    const id = (given[index] as { id?: unknown } | null)?.id;
    if (typeof id !== 'string' || id.length < 1 || id.length > 80) {
      throw invalidBatch('The id of an entry is a text of 1 to 80 characters.');
    }
    if (ids.has(id)) throw invalidBatch('The ids of entries are not distinct.');
    ids.add(id);
    entries.push({ id, slice: slices[index] as Slice });
  }
  return entries;
}

function invalidBatch(message: string): IngestRefusal {
  return new IngestRefusal({ code: 'invalid-batch', message });
}

async function produceEntry(
  http: IngestHttp,
  params: { readonly cluster: string; readonly topic: string },
  body: Buffer,
  { id, slice }: Entry,
): Promise<Record<string, unknown>> {
  const report = await produceOne(http, params, body, slice);
  if (!report.ok) return { id, ...report.failure };
  const { error_code: _, ...success } = report.success;
  return { id, ...success };
}

function describeCluster(base: string, id: string): Record<string, unknown> {
  const self = `${base}/v3/clusters/${id}`;
  return {
    kind: 'KafkaCluster',
    metadata: { self, resource_name: `crn:///kafka=${id}` },
    cluster_id: id,
    topics: { related: `${self}/topics` },
  };
}

function baseUrl(request: FastifyRequest): string {
  return `${request.protocol}://${request.headers.host ?? 'localhost'}`;
}
