import type { Readable } from 'node:stream';
import { IngestRefusal, arrayElements, objectMembers, type Slice } from '@penstock/control-plane';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IngestHttp } from './ingest-http.ts';
import { mediaTypeOf } from './native.routes.ts';
import { bodyTooLarge, decompress } from './request-body.ts';
import { restProxyError } from './rest-proxy-v2.routes.ts';
import { produceOne } from './rest-proxy-v3-report.ts';
import { V3Stream } from './rest-proxy-v3-stream.ts';

type TopicRequest = FastifyRequest<{
  Params: { cluster: string; topic: string };
  Body: Readable | undefined;
}>;

const JSON_MEDIA_TYPE = 'application/json';
/** The proxy's own limit is 10; each entry costs little here. */
const BATCH_ENTRIES_MAX = 1_000;
const BATCH_FAULT = 42208;

/**
 * The record routes of Confluent REST Proxy v3, and the listing of clusters by which its clients
 * learn the id that those routes carry. The id itself is not checked, as at Confluent's.
 */
export function registerRestProxyV3Routes(fastify: FastifyInstance, http: IngestHttp): void {
  fastify.get('/v3/clusters', async (request, reply) => {
    const id = await http.ingest.clusterId();
    const base = baseUrl(request);
    const metadata = { self: `${base}/v3/clusters`, next: null };
    return reply.send({
      kind: 'KafkaClusterList',
      metadata,
      data: [describeCluster(base, id)],
    });
  });
  fastify.get('/v3/clusters/:cluster', async (request: TopicRequest, reply) => {
    const id = await http.ingest.clusterId();
    if (request.params.cluster !== id) {
      return fail(reply, 404, 404, `Cluster ${request.params.cluster} cannot be found.`);
    }
    return reply.send(describeCluster(baseUrl(request), id));
  });
  fastify.post('/v3/clusters/:cluster/topics/:topic/records', (request: TopicRequest, reply) =>
    produceStream(http, request, reply),
  );
  fastify.post(
    '/v3/clusters/:cluster/topics/:topic/records::batch',
    (request: TopicRequest, reply) => produceBatch(http, request, reply),
  );
}

/** Concatenated JSON in, one delivery report per record out, in order, as the records arrive. */
async function produceStream(
  http: IngestHttp,
  request: TopicRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const done = http.measure('v3', reply);
  const type = mediaTypeOf(request.headers['content-type']);
  if (type !== JSON_MEDIA_TYPE || request.body === undefined) {
    done(0, 0);
    if (request.body === undefined) {
      return fail(reply, 422, 422, 'Payload error. Null input provided. Data is required.');
    }
    return fail(reply, 415, 415, 'HTTP 415 Unsupported Media Type');
  }
  const stream = new V3Stream({
    http,
    request,
    topic: request.params.topic,
    clusterId: request.params.cluster,
    onEnd: done,
  });
  return reply.code(200).type(JSON_MEDIA_TYPE).send(stream.reports(request.body));
}

async function produceBatch(
  http: IngestHttp,
  request: TopicRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const done = http.measure('v3', reply);
  try {
    if (mediaTypeOf(request.headers['content-type']) !== JSON_MEDIA_TYPE) {
      return fail(reply, 415, 415, 'HTTP 415 Unsupported Media Type');
    }
    const body = await readAll(http, request);
    const entries = readEntries(body);
    if (typeof entries === 'string') return fail(reply, 422, BATCH_FAULT, entries);
    const reports = await Promise.all(
      entries.map((entry) => produceEntry(http, request.params, body, entry)),
    );
    const successes = reports.filter((report) => !('error_code' in report));
    done(successes.length, body.length);
    return reply
      .code(207)
      .type(JSON_MEDIA_TYPE)
      .send({
        successes,
        failures: reports.filter((report) => 'error_code' in report),
      });
  } catch (error) {
    if (!(error instanceof IngestRefusal)) throw error;
    const { errorCode, status } = restProxyError(error.problem);
    return fail(reply, status, errorCode, error.message);
  } finally {
    done(0, 0);
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
  return await decompress(body, request.headers['content-encoding'], http.bodyBytesMax);
}

interface Entry {
  readonly id: string;
  readonly slice: Slice;
}

/** The entries of a batch, or what is wrong with it as a whole. */
function readEntries(body: Buffer): Entry[] | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new IngestRefusal({ code: 'malformed-json', message: (error as Error).message });
  }
  const given = (parsed as { entries?: unknown } | null)?.entries;
  if (!Array.isArray(given) || given.length === 0) return 'Empty batch.';
  if (given.length > BATCH_ENTRIES_MAX) return `Too many entries: at most ${BATCH_ENTRIES_MAX}.`;
  const slices = arrayElements(body, objectMembers(body).get('entries'));
  const ids = new Set<string>();
  const entries: Entry[] = [];
  for (let index = 0; index < given.length; index++) {
    const id = (given[index] as { id?: unknown } | null)?.id;
    if (typeof id !== 'string' || id.length < 1 || id.length > 80) {
      return 'The id of an entry is a text of 1 to 80 characters.';
    }
    if (ids.has(id)) return 'The ids of entries are not distinct.';
    ids.add(id);
    entries.push({ id, slice: slices[index] as Slice });
  }
  return entries;
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

function fail(
  reply: FastifyReply,
  status: number,
  errorCode: number,
  message: string,
): FastifyReply {
  return reply.code(status).type(JSON_MEDIA_TYPE).send({ error_code: errorCode, message });
}
