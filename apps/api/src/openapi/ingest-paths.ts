import { createHash } from 'node:crypto';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ref } from './ingest-schemas.ts';

type Paths = OpenAPIObject['paths'];

const TOPIC = {
  name: 'topic',
  in: 'path',
  required: true,
  example: 'temperatures',
  schema: { type: 'string', pattern: '^[a-zA-Z0-9._-]{1,249}$' },
} as const;

const CLUSTER = {
  name: 'cluster',
  in: 'path',
  required: true,
  example: 'any',
  description: 'As /v3/clusters lists it; not checked where records are produced',
  schema: { type: 'string' },
} as const;

function query(name: string, description: string, example: string, schema: object) {
  return { name, in: 'query' as const, required: false, description, example, schema };
}

function header(name: string, description: string, example: string) {
  const schema = { type: 'string' as const };
  return { name, in: 'header' as const, required: false, description, example, schema };
}

function json(schema: string, description: string, mediaType = 'application/json') {
  return { description, content: { [mediaType]: { schema: ref(schema) } } };
}

/** What may be wrong with a request to append, by status; the words are those of native ingest. */
const REFUSALS: Readonly<Record<string, string>> = {
  400: 'The body, a parameter, a header or the name of the topic cannot be used; nothing was kept',
  403: 'The broker does not allow this client to write the topic',
  404: 'There is no such topic or partition',
  408: 'The body stopped coming in; nothing of it was kept',
  413: 'The body or a record is too large; nothing was kept',
  415: 'The content type or encoding is not taken; Accept-Encoding says which are',
  422: 'The topic does not take such a record, for example one without key where it is compacted',
  429: 'The quota of this producer is used up; Retry-After says when to come back',
  501: 'Idempotency-Key is not honoured yet',
  502: 'The broker refused the records for a reason that does not pass by itself',
  503: 'The broker is away or in trouble, too much is under way, or the server stops; Retry-After says when to come back',
};

function refusals(schema: string, mediaType: string, statuses: readonly string[]) {
  return Object.fromEntries(
    statuses.map((status) => [status, json(schema, REFUSALS[status] as string, mediaType)]),
  );
}

const PROBLEMS = refusals('Problem', 'application/problem+json', Object.keys(REFUSALS));
const V2_MEDIA_TYPE = 'application/vnd.kafka.v2+json';
const REST_PROXY_STATUSES = ['400', '403', '404', '413', '415', '422', '429', '500', '501', '503'];

function restProxyErrors(mediaType: string) {
  const known = refusals(
    'RestProxyError',
    mediaType,
    REST_PROXY_STATUSES.filter((status) => status in REFUSALS),
  );
  const broker = json('RestProxyError', REFUSALS['502'] as string, mediaType);
  const slow = json('Problem', REFUSALS['408'] as string, 'application/problem+json');
  return { ...known, 408: slow, 500: broker };
}

const EVENT = {
  specversion: '1.0',
  id: 'r-7',
  source: '/sensors/a1',
  type: 'temperature.read',
  partitionkey: 'a1',
  data: { celsius: 21.5 },
};
const READING = { device: 'a1', celsius: 21.5 };

const V2_BODY = {
  required: true,
  content: {
    'application/vnd.kafka.json.v2+json': {
      schema: ref('RestProxyV2Request'),
      examples: { two: { value: { records: [{ key: 'a1', value: READING }, { value: 1 }] } } },
    },
    'application/vnd.kafka.binary.v2+json': {
      schema: ref('RestProxyV2Request'),
      examples: { base64: { value: { records: [{ key: 'YTE=', value: 'MjEuNQ==' }] } } },
    },
  },
};

const V2_RESPONSES = {
  200: json('RestProxyV2Report', 'A report per record', V2_MEDIA_TYPE),
  ...restProxyErrors(V2_MEDIA_TYPE),
};

const V3_RECORD = {
  key: { type: 'STRING', data: 'a1' },
  value: { type: 'JSON', data: READING },
  headers: [{ name: 'trace', value: 'YWJj' }],
  timestamp: '2026-02-05T19:14:42Z',
};

function digestOf(algorithm: 'sha256' | 'md5', value: unknown): string {
  return createHash(algorithm).update(JSON.stringify(value)).digest('base64');
}

const NATIVE_PARAMETERS = [
  TOPIC,
  query('key', 'Key of every record', 'a1', { type: 'string' }),
  query('keyField', 'JSON pointer to the key in each value', '/device', { type: 'string' }),
  query('partition', 'Partition of every record', '0', { type: 'integer', minimum: 0 }),
  query('ack', 'When to answer: kept by all in-sync replicas, by the leader, or at once', 'all', {
    type: 'string',
    enum: ['all', 'leader', 'none'],
    default: 'all',
  }),
  query(
    'envelope',
    'Each element is an object of key, value, headers, partition, timestamp',
    'false',
    {
      type: 'boolean',
      default: false,
    },
  ),
  header('Penstock-Header-NAME', 'Becomes the header NAME of every record', 'a value'),
  header('Content-Encoding', 'gzip, deflate, br or zstd', 'identity'),
  header(
    'Content-Digest',
    'sha-256 or sha-512 of the bytes sent (RFC 9530), which are checked against it',
    `sha-256=:${digestOf('sha256', READING)}:`,
  ),
  header('Content-MD5', 'The same by MD5', digestOf('md5', READING)),
];

/**
 * What the ingest routes take and answer: they are no controllers, so Nest cannot describe them.
 */
export const INGEST_PATHS = {
  '/ingest/{topic}': {
    post: {
      tags: ['ingest'],
      operationId: 'ingest',
      summary: 'Append records to a topic',
      description:
        'One JSON value, an array of them, or one per line (NDJSON). The value of each record is the body, the element or the line, byte for byte. A request is taken as a whole or, if any of it cannot be, not at all. CloudEvents are taken as Kafka’s protocol binding has them: in binary mode (headers ce-id, ce-source, ce-specversion, ce-type and others, any Content-Type) attributes become headers ce_NAME and the body the value; an event in structured mode, and each of a batch, is the value as it came, its attributes repeated as headers. The attribute partitionkey is the key. A parameter or header that this route does not know and that would change what happens is refused.',
      parameters: NATIVE_PARAMETERS,
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: {},
            examples: { one: { value: READING }, many: { value: [READING, READING] } },
          },
          'application/x-ndjson': {
            schema: { type: 'string' },
            examples: { lines: { value: '{"celsius":21.5}\n{"celsius":22}\n' } },
          },
          'application/cloudevents+json': {
            schema: ref('CloudEvent'),
            examples: { event: { value: EVENT } },
          },
          'application/cloudevents-batch+json': {
            schema: { type: 'array', items: ref('CloudEvent') },
            examples: { events: { value: [EVENT, { ...EVENT, id: 'r-8' }] } },
          },
        },
      },
      responses: {
        200: json('IngestReport', 'Where each record went, in the order of the request'),
        202: json('IngestReport', 'Sent, with ack=none; offsets are not known'),
        207: json('IngestReport', 'The broker took some records and refused others'),
        ...PROBLEMS,
      },
    },
  },
  '/topics/{topic}': {
    post: {
      tags: ['rest-proxy v2'],
      operationId: 'restProxyV2Produce',
      summary: 'Produce to a topic, as the Confluent REST Proxy v2 does',
      parameters: [TOPIC],
      requestBody: V2_BODY,
      responses: V2_RESPONSES,
    },
  },
  '/topics/{topic}/partitions/{partition}': {
    post: {
      tags: ['rest-proxy v2'],
      operationId: 'restProxyV2ProduceToPartition',
      summary: 'Produce to a partition, as the Confluent REST Proxy v2 does',
      parameters: [
        TOPIC,
        {
          name: 'partition',
          in: 'path',
          required: true,
          example: '0',
          schema: { type: 'integer', minimum: 0 },
        },
      ],
      requestBody: V2_BODY,
      responses: V2_RESPONSES,
    },
  },
  '/v3/clusters': {
    get: {
      tags: ['rest-proxy v3'],
      operationId: 'restProxyV3Clusters',
      summary: 'The cluster and its id',
      responses: {
        200: json('RestProxyV3Clusters', 'A list of one'),
        ...restProxyErrors('application/json'),
      },
    },
  },
  '/v3/clusters/{cluster}': {
    get: {
      tags: ['rest-proxy v3'],
      operationId: 'restProxyV3Cluster',
      summary: 'One cluster',
      parameters: [CLUSTER],
      responses: {
        200: json('RestProxyV3Cluster', 'The cluster'),
        ...restProxyErrors('application/json'),
      },
    },
  },
  '/v3/clusters/{cluster}/topics/{topic}/records': {
    post: {
      tags: ['rest-proxy v3'],
      operationId: 'restProxyV3Produce',
      summary: 'Produce records as a stream, as the Confluent REST Proxy v3 does',
      description:
        'Concatenated JSON objects, one per record; answered by concatenated JSON, one report per record, in order, while the request goes on. It may go on as long as something comes in every five minutes; what ends it early is the last report.',
      parameters: [CLUSTER, TOPIC],
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: ref('RestProxyV3Record'),
            examples: { one: { value: V3_RECORD }, empty: { value: {} } },
          },
        },
      },
      responses: {
        200: json('RestProxyV3Report', 'A report, or an error, per record'),
        ...restProxyErrors('application/json'),
      },
    },
  },
  '/v3/clusters/{cluster}/topics/{topic}/records:batch': {
    post: {
      tags: ['rest-proxy v3'],
      operationId: 'restProxyV3ProduceBatch',
      summary: 'Produce a batch of records, as the Confluent REST Proxy v3 does',
      parameters: [CLUSTER, TOPIC],
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: ref('RestProxyV3Batch'),
            examples: {
              one: { value: { entries: [{ id: '1', ...V3_RECORD }] } },
              failing: { value: { entries: [{ id: '1', partition_id: 99 }] } },
            },
          },
        },
      },
      responses: {
        207: json(
          'RestProxyV3BatchReport',
          'Successes and failures, each with the id of its entry',
        ),
        ...restProxyErrors('application/json'),
      },
    },
  },
} as unknown as Paths;
