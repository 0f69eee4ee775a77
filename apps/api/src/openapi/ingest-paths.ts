import type { OpenAPIObject } from '@nestjs/swagger';

type Paths = OpenAPIObject['paths'];
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

const TOPIC = {
  name: 'topic',
  in: 'path',
  required: true,
  schema: { type: 'string', pattern: '^[a-zA-Z0-9._-]{1,249}$' },
} as const;

const CLUSTER = {
  name: 'cluster',
  in: 'path',
  required: true,
  description: 'As /v3/clusters lists it; not checked',
  schema: { type: 'string' },
} as const;

function query(name: string, description: string, schema: Record<string, unknown>) {
  return { name, in: 'query' as const, required: false, description, schema };
}

function json(schema: string, description: string, mediaType = 'application/json') {
  return { description, content: { [mediaType]: { schema: ref(schema) } } };
}

function ref(schema: string) {
  return { $ref: `#/components/schemas/${schema}` };
}

const PROBLEMS = Object.fromEntries(
  Object.entries({
    400: 'The body, a parameter or the name of the topic cannot be used; nothing was kept',
    404: 'There is no such topic or partition',
    413: 'The body or a record is too large; nothing was kept',
    415: 'The content type or encoding is not taken',
    422: 'The topic does not take such a record, for example one without key where it is compacted',
    429: 'The quota of this producer is used up; Retry-After says when to come back',
    502: 'The broker refused the records for a reason that does not pass by itself',
    503: 'The broker is away or in trouble, or too much is under way; Retry-After says when to come back',
  }).map(([status, description]) => [
    status,
    json('Problem', description, 'application/problem+json'),
  ]),
);

const V2_BODY = {
  required: true,
  content: {
    'application/vnd.kafka.json.v2+json': { schema: ref('RestProxyV2Request') },
    'application/vnd.kafka.binary.v2+json': { schema: ref('RestProxyV2Request') },
  },
};

function v2Errors() {
  return Object.fromEntries(
    ['400', '404', '413', '415', '422', '429', '503'].map((status) => [
      status,
      json('RestProxyError', 'Refused', 'application/vnd.kafka.v2+json'),
    ]),
  );
}

/** What the ingest routes take and answer: they are no controllers, so Nest cannot describe them. */
export const INGEST_PATHS: Paths = {
  '/ingest/{topic}': {
    post: {
      tags: ['ingest'],
      operationId: 'ingest',
      summary: 'Append records to a topic',
      description:
        'One JSON value, an array of them, or one per line (NDJSON). The value of each record is the body, the element or the line, byte for byte. A request is taken as a whole or, if any of it cannot be, not at all. Content-Encoding gzip, br, zstd and deflate are taken. A request header Penstock-Header-NAME becomes the header NAME of every record.',
      parameters: [
        TOPIC,
        query('key', 'Key of every record', { type: 'string' }),
        query('keyField', 'JSON pointer to the key in each value', {
          type: 'string',
          examples: ['/customer/id'],
        }),
        query('partition', 'Partition of every record', { type: 'integer', minimum: 0 }),
        query('ack', 'When to answer: kept by all in-sync replicas, by the leader, or at once', {
          type: 'string',
          enum: ['all', 'leader', 'none'],
          default: 'all',
        }),
        query(
          'envelope',
          'Each element is an object of key, value, headers, partition, timestamp',
          {
            type: 'boolean',
            default: false,
          },
        ),
      ],
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: {}, examples: { one: { value: { id: 7, mag: 4.9 } } } },
          'application/x-ndjson': { schema: { type: 'string' } },
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
      responses: {
        200: json('RestProxyV2Report', 'A report per record', 'application/vnd.kafka.v2+json'),
        ...v2Errors(),
      },
    },
  },
  '/topics/{topic}/partitions/{partition}': {
    post: {
      tags: ['rest-proxy v2'],
      operationId: 'restProxyV2ProduceToPartition',
      summary: 'Produce to a partition, as the Confluent REST Proxy v2 does',
      parameters: [
        TOPIC,
        { name: 'partition', in: 'path', required: true, schema: { type: 'integer', minimum: 0 } },
      ],
      requestBody: V2_BODY,
      responses: {
        200: json('RestProxyV2Report', 'A report per record', 'application/vnd.kafka.v2+json'),
        ...v2Errors(),
      },
    },
  },
  '/v3/clusters': {
    get: {
      tags: ['rest-proxy v3'],
      operationId: 'restProxyV3Clusters',
      summary: 'The cluster and its id',
      responses: { 200: { description: 'A list of one' } },
    },
  },
  '/v3/clusters/{cluster}/topics/{topic}/records': {
    post: {
      tags: ['rest-proxy v3'],
      operationId: 'restProxyV3Produce',
      summary: 'Produce records as a stream, as the Confluent REST Proxy v3 does',
      description:
        'Concatenated JSON objects, one per record; answered by concatenated JSON, one report per record, in order, while the request goes on.',
      parameters: [CLUSTER, TOPIC],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: ref('RestProxyV3Record') } },
      },
      responses: { 200: json('RestProxyV3Report', 'A report, or an error, per record') },
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
        content: { 'application/json': { schema: ref('RestProxyV3Batch') } },
      },
      responses: {
        207: { description: 'successes and failures, each with the id of its entry' },
        422: json('RestProxyError', 'The batch as a whole cannot be taken (42208)'),
      },
    },
  },
};

/** What is said of records that the broker did not acknowledge. */
const FATE = {
  kafkaError: { type: 'string', description: 'Kafka’s name of the error the broker answered with' },
  retriable: { type: 'boolean', description: 'Whether the same request may succeed later' },
  mayBeAppended: {
    type: 'boolean',
    description:
      'Whether records may be in the log although they are not acknowledged; sending them again may append them twice',
  },
};

const OFFSET = { type: ['integer', 'null'], minimum: 0 };

export const INGEST_SCHEMAS = {
  IngestReport: {
    type: 'object',
    required: ['topic', 'accepted', 'refused', 'records'],
    properties: {
      topic: { type: 'string' },
      accepted: { type: 'integer' },
      refused: { type: 'integer' },
      records: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            partition: OFFSET,
            offset: OFFSET,
            error: {
              type: 'object',
              properties: {
                code: { type: 'string' },
                message: { type: 'string' },
                ...FATE,
              },
            },
          },
        },
      },
    },
  },
  Problem: {
    type: 'object',
    description: 'Problem details (RFC 9457)',
    required: ['type', 'title', 'status', 'detail', 'code'],
    properties: {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      code: { type: 'string' },
      line: { type: 'integer' },
      column: { type: 'integer' },
      limit: { type: 'integer' },
      allowed: { type: 'array', items: { type: 'string' } },
      ...FATE,
      records: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            index: { type: 'integer' },
            code: { type: 'string' },
            message: { type: 'string' },
          },
        },
      },
    },
  },
  RestProxyV2Request: {
    type: 'object',
    required: ['records'],
    properties: {
      records: {
        type: 'array',
        items: {
          type: 'object',
          properties: { key: {}, value: {}, partition: { type: 'integer' } },
        },
      },
    },
  },
  RestProxyV2Report: {
    type: 'object',
    properties: {
      key_schema_id: { type: 'null' },
      value_schema_id: { type: 'null' },
      offsets: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            partition: OFFSET,
            offset: OFFSET,
            error_code: { type: ['integer', 'null'] },
            error: { type: ['string', 'null'] },
            mayBeAppended: FATE.mayBeAppended,
          },
        },
      },
    },
  },
  RestProxyError: {
    type: 'object',
    properties: { error_code: { type: 'integer' }, message: { type: 'string' } },
  },
  RestProxyV3Record: {
    type: 'object',
    properties: {
      partition_id: { type: 'integer' },
      headers: {
        type: 'array',
        items: {
          type: 'object',
          properties: { name: { type: 'string' }, value: { type: 'string', format: 'byte' } },
        },
      },
      key: ref('RestProxyV3Data'),
      value: ref('RestProxyV3Data'),
      timestamp: { type: 'string', format: 'date-time' },
    },
  },
  RestProxyV3Data: {
    type: 'object',
    properties: { type: { type: 'string', enum: ['BINARY', 'JSON', 'STRING'] }, data: {} },
  },
  RestProxyV3Batch: {
    type: 'object',
    properties: {
      entries: {
        type: 'array',
        items: {
          allOf: [
            ref('RestProxyV3Record'),
            { type: 'object', properties: { id: { type: 'string', minLength: 1, maxLength: 80 } } },
          ],
        },
      },
    },
  },
  RestProxyV3Report: {
    type: 'object',
    properties: {
      error_code: { type: 'integer', description: '200 when the record was appended' },
      message: { type: 'string' },
      mayBeAppended: FATE.mayBeAppended,
      cluster_id: { type: 'string' },
      topic_name: { type: 'string' },
      partition_id: { type: 'integer' },
      offset: { type: 'integer' },
      timestamp: { type: 'string', format: 'date-time' },
    },
  },
} as unknown as Schemas;
