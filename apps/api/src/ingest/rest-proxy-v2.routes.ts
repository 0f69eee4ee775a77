import {
  IngestRefusal,
  parseRestProxyV2,
  type EmbeddedFormat,
  type IngestReport,
  type RecordFailure,
  type RecordReport,
} from '@penstock/control-plane';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IngestHttp } from './ingest-http.ts';
import { mediaTypeOf, requireUtf8 } from './media-type.ts';
import { checkHead } from './request-headers.ts';
import { refuseAsRestProxy, restProxyError } from './rest-proxy-error.ts';

type ProduceRequest = FastifyRequest<{
  Params: { topic: string; partition?: string };
  Body: Buffer;
}>;

const ANSWER_MEDIA_TYPE = 'application/vnd.kafka.v2+json';

/** A request that names no format is binary, as at Confluent's; plain JSON is taken as JSON. */
const FORMATS: Readonly<Record<string, EmbeddedFormat>> = {
  'application/vnd.kafka.json.v2+json': 'json',
  'application/vnd.kafka.binary.v2+json': 'binary',
  'application/vnd.kafka.v2+json': 'binary',
  'application/json': 'json',
};

/**
 * `POST /topics/{topic}` and `/topics/{topic}/partitions/{partition}` of Confluent REST Proxy v2.
 */
export function registerRestProxyV2Routes(fastify: FastifyInstance, http: IngestHttp): void {
  http.prepare(fastify, 'v2', refuseV2);
  const accepted = { parameters: [], recordHeaders: false, bodyBytesMax: http.bodyBytesMax };
  const check = async (request: ProduceRequest): Promise<void> => {
    checkHead(request, accepted);
    formatOf(request.headers['content-type']);
    partitionOf(request.params.partition);
    await http.requireTopic(request);
  };
  const produce = async (request: ProduceRequest, reply: FastifyReply): Promise<FastifyReply> => {
    try {
      const format = formatOf(request.headers['content-type']);
      const partition = partitionOf(request.params.partition);
      const body = await http.body(request);
      const outcome = await http.ingest.append(request.params.topic, 'all', () =>
        parseRestProxyV2(body, format, partition),
      );
      if (!outcome.ok) throw new IngestRefusal(outcome.problem);
      const { records, refused } = outcome.report;
      http.count('v2', records.length - refused, body.length);
      return reply
        .code(statusOf(outcome.report))
        .type(ANSWER_MEDIA_TYPE)
        .send(Buffer.from(renderReport(outcome.report)));
    } finally {
      http.release(request);
    }
  };
  const options = { bodyLimit: http.bodyBytesMax, onRequest: check };
  fastify.post('/topics/:topic', options, produce);
  fastify.post('/topics/:topic/partitions/:partition', options, produce);
}

function refuseV2(reply: FastifyReply, error: unknown): FastifyReply {
  return refuseAsRestProxy(reply, error, ANSWER_MEDIA_TYPE);
}

/** 200 even if records failed, as in Confluent's proxy, unless authorization was missing. */
function statusOf(report: IngestReport): number {
  return report.records.some((record) => !record.ok && record.code === 'not-authorized')
    ? 403
    : 200;
}

function renderReport(report: IngestReport): string {
  const offsets = report.records.map(renderRecord).join(',');
  return `{"offsets":[${offsets}],"key_schema_id":null,"value_schema_id":null}`;
}

function renderRecord(record: RecordReport): string {
  if (record.ok) {
    return `{"partition":${record.partition},"offset":${record.offset},"error_code":null,"error":null}`;
  }
  return JSON.stringify({
    partition: null,
    offset: null,
    error_code: errorCodeOf(record),
    error: record.message,
    mayBeAppended: record.mayBeAppended,
  });
}

/**
 * A fault of the client has its own code; otherwise 50003 is worth another try and 50002 is not.
 */
function errorCodeOf(record: RecordFailure): number {
  const { errorCode, status } = restProxyError(record);
  if (status < 500) return errorCode;
  return record.retriable ? 50003 : 50002;
}

function formatOf(contentType: string | undefined): EmbeddedFormat {
  const format = contentType === undefined ? 'binary' : FORMATS[mediaTypeOf(contentType)];
  if (format !== undefined) {
    requireUtf8(contentType);
    return format;
  }
  throw new IngestRefusal({
    code: 'unsupported-media-type',
    message: 'HTTP 415 Unsupported Media Type',
    allowed: Object.keys(FORMATS),
  });
}

function partitionOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) {
    throw new IngestRefusal({ code: 'unknown-partition', message: 'Partition not found.' });
  }
  return Number(text);
}
