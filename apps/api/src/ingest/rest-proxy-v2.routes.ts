import {
  IngestRefusal,
  parseRestProxyV2,
  type EmbeddedFormat,
  type IngestProblem,
  type IngestProblemCode,
  type IngestReport,
  type RecordFailure,
  type RecordReport,
} from '@penstock/control-plane';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IngestHttp } from './ingest-http.ts';
import { retryAfterSeconds } from '../http/problem-details.ts';
import { STATUS_OF_PROBLEM } from './ingest-refusal.ts';
import { mediaTypeOf } from './native.routes.ts';

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

/** `error_code` of REST Proxy (io.confluent.kafkarest.Errors) and its HTTP status. */
const ERRORS: Readonly<Partial<Record<IngestProblemCode, readonly [number, number]>>> = {
  'malformed-json': [400, 400],
  'no-records': [422, 422],
  'invalid-record': [422, 422],
  'invalid-topic': [40002, 400],
  'unknown-topic': [40401, 404],
  'unknown-partition': [40402, 404],
  'not-authorized': [40301, 403],
  'record-too-large': [413, 413],
  'record-refused': [42206, 422],
  'broker-refused': [50002, 500],
  'broker-unavailable': [50302, 503],
  'not-enough-replicas': [50003, 503],
  'storage-failed': [50003, 503],
  'no-answer': [50003, 503],
  stopping: [50302, 503],
  'quota-exceeded': [42901, 429],
  overloaded: [429, 429],
};

/** `POST /topics/{topic}` and `/topics/{topic}/partitions/{partition}` of Confluent REST Proxy v2. */
export function registerRestProxyV2Routes(fastify: FastifyInstance, http: IngestHttp): void {
  const produce = async (request: ProduceRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const done = http.measure('v2', reply);
    try {
      const format = formatOf(request.headers['content-type']);
      const partition = partitionOf(request.params.partition);
      const body = await http.body(request);
      const outcome = await http.ingest.append(request.params.topic, 'all', () =>
        parseRestProxyV2(body, format, partition),
      );
      if (!outcome.ok) throw new IngestRefusal(outcome.problem);
      done(outcome.report.records.length - outcome.report.refused, body.length);
      return reply
        .code(statusOf(outcome.report))
        .type(ANSWER_MEDIA_TYPE)
        .send(Buffer.from(renderReport(outcome.report)));
    } catch (error) {
      done(0, 0);
      return refuseV2(reply, error);
    } finally {
      http.release(request);
    }
  };
  fastify.post('/topics/:topic', produce);
  fastify.post('/topics/:topic/partitions/:partition', produce);
}

/** The error codes that REST Proxy gives a refused request, in its v2 and v3 alike. */
export function restProxyError(problem: Pick<IngestProblem, 'code'>): {
  errorCode: number;
  status: number;
} {
  const known = ERRORS[problem.code];
  const status = STATUS_OF_PROBLEM[problem.code];
  return { errorCode: known?.[0] ?? status, status: known?.[1] ?? status };
}

function refuseV2(reply: FastifyReply, error: unknown): FastifyReply {
  if (!(error instanceof IngestRefusal)) throw error;
  const { errorCode, status } = restProxyError(error.problem);
  const retryAfter = retryAfterSeconds(status);
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
  const message = error.problem.code === 'unknown-topic' ? 'Topic not found.' : error.message;
  return reply
    .code(status)
    .type(ANSWER_MEDIA_TYPE)
    .send(Buffer.from(JSON.stringify({ error_code: errorCode, message })));
}

/** 200 even if records failed, as at Confluent's, unless for want of authorization. */
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

/** The client's own fault by its code; else 50003 is worth another try, and 50002 is not. */
function errorCodeOf(record: RecordFailure): number {
  const { errorCode, status } = restProxyError(record);
  if (status < 500) return errorCode;
  return record.retriable ? 50003 : 50002;
}

function formatOf(contentType: string | undefined): EmbeddedFormat {
  const format = contentType === undefined ? 'binary' : FORMATS[mediaTypeOf(contentType)];
  if (format !== undefined) return format;
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
