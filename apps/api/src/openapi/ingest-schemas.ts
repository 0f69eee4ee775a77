import type { OpenAPIObject } from '@nestjs/swagger';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

export function ref(schema: string) {
  return { $ref: `#/components/schemas/${schema}` };
}

const OFFSET = { type: ['integer', 'null'], minimum: 0 };

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

function object(properties: Record<string, unknown>, required: readonly string[]) {
  return { type: 'object', properties, required, additionalProperties: false };
}

function list(items: unknown) {
  return { type: 'array', items };
}

const RECORD_PROBLEM = object(
  { index: { type: 'integer' }, code: { type: 'string' }, message: { type: 'string' } },
  ['index', 'code', 'message'],
);

const PROBLEM_MEMBERS = {
  type: { type: 'string', format: 'uri' },
  title: { type: 'string' },
  status: { type: 'integer' },
  detail: { type: 'string' },
  code: { type: 'string', description: 'Stable, for programs' },
  line: { type: 'integer' },
  column: { type: 'integer' },
  limit: { type: 'integer' },
  allowed: list({ type: 'string' }),
  ...FATE,
  records: list(RECORD_PROBLEM),
};
const PROBLEM_REQUIRED = ['type', 'title', 'status', 'detail', 'code'];

const V3_DATA_REPORT = object({ type: { type: 'string' }, size: { type: 'integer' } }, [
  'type',
  'size',
]);
const V3_PLACE = {
  cluster_id: { type: 'string' },
  topic_name: { type: 'string' },
  partition_id: { type: 'integer' },
  offset: { type: 'integer' },
  timestamp: { type: 'string', format: 'date-time' },
  key: V3_DATA_REPORT,
  value: V3_DATA_REPORT,
};
const V3_PLACE_REQUIRED = ['cluster_id', 'topic_name', 'partition_id', 'offset', 'timestamp'];
const V3_FAILURE = {
  error_code: { type: 'integer' },
  message: { type: 'string' },
  mayBeAppended: FATE.mayBeAppended,
};
const V3_FAILURE_REQUIRED = ['error_code', 'message', 'mayBeAppended'];
const V3_ID = { id: { type: 'string', minLength: 1, maxLength: 80 } };

const V3_RECORD = {
  partition_id: { type: 'integer', minimum: 0 },
  headers: list(
    object({ name: { type: 'string' }, value: { type: ['string', 'null'], format: 'byte' } }, [
      'name',
    ]),
  ),
  key: ref('RestProxyV3Data'),
  value: ref('RestProxyV3Data'),
  timestamp: { type: ['string', 'integer'] },
};

const CLUSTER = object(
  {
    kind: { const: 'KafkaCluster' },
    metadata: { type: 'object' },
    cluster_id: { type: 'string' },
    topics: { type: 'object' },
  },
  ['kind', 'metadata', 'cluster_id', 'topics'],
);

/** The shapes that the ingest routes take and answer. */
export const INGEST_SCHEMAS = {
  IngestReport: object(
    {
      topic: { type: 'string' },
      accepted: { type: 'integer' },
      refused: { type: 'integer' },
      records: list(
        object(
          {
            partition: OFFSET,
            offset: OFFSET,
            error: object({ code: { type: 'string' }, message: { type: 'string' }, ...FATE }, [
              'code',
              'message',
              'retriable',
              'mayBeAppended',
            ]),
          },
          ['partition', 'offset'],
        ),
      ),
    },
    ['topic', 'accepted', 'refused', 'records'],
  ),
  Problem: {
    description: 'Problem details (RFC 9457)',
    ...object(PROBLEM_MEMBERS, PROBLEM_REQUIRED),
  },
  CloudEvent: {
    type: 'object',
    description: 'An event of CloudEvents 1.0 in JSON',
    required: ['specversion', 'id', 'source', 'type'],
    properties: {
      specversion: { const: '1.0' },
      id: { type: 'string', minLength: 1 },
      source: { type: 'string', minLength: 1 },
      type: { type: 'string', minLength: 1 },
      time: { type: 'string', format: 'date-time' },
      partitionkey: { type: 'string', description: 'Becomes the key of the record' },
      data: {},
      data_base64: { type: 'string', format: 'byte' },
    },
  },
  RestProxyV2Request: object(
    {
      records: list(
        object({ key: {}, value: {}, partition: { type: ['integer', 'null'], minimum: 0 } }, []),
      ),
    },
    ['records'],
  ),
  RestProxyV2Report: object(
    {
      key_schema_id: { type: 'null' },
      value_schema_id: { type: 'null' },
      offsets: list(
        object(
          {
            partition: OFFSET,
            offset: OFFSET,
            error_code: { type: ['integer', 'null'] },
            error: { type: ['string', 'null'] },
            mayBeAppended: FATE.mayBeAppended,
          },
          ['partition', 'offset', 'error_code', 'error'],
        ),
      ),
    },
    ['key_schema_id', 'value_schema_id', 'offsets'],
  ),
  RestProxyError: {
    description: 'REST Proxy’s own shape, with the members of problem details',
    ...object(
      { error_code: { type: 'integer' }, message: { type: 'string' }, ...PROBLEM_MEMBERS },
      ['error_code', 'message', ...PROBLEM_REQUIRED],
    ),
  },
  RestProxyV3Record: object(V3_RECORD, []),
  RestProxyV3Data: object(
    { type: { type: 'string', enum: ['BINARY', 'JSON', 'STRING'] }, data: {} },
    ['type'],
  ),
  RestProxyV3Batch: object({ entries: list(object({ ...V3_ID, ...V3_RECORD }, ['id'])) }, [
    'entries',
  ]),
  RestProxyV3Report: {
    oneOf: [
      object({ error_code: { const: 200 }, ...V3_PLACE }, ['error_code', ...V3_PLACE_REQUIRED]),
      object(V3_FAILURE, V3_FAILURE_REQUIRED),
    ],
  },
  RestProxyV3BatchReport: object(
    {
      successes: list(object({ ...V3_ID, ...V3_PLACE }, ['id', ...V3_PLACE_REQUIRED])),
      failures: list(object({ ...V3_ID, ...V3_FAILURE }, ['id', ...V3_FAILURE_REQUIRED])),
    },
    ['successes', 'failures'],
  ),
  RestProxyV3Cluster: CLUSTER,
  RestProxyV3Clusters: object(
    { kind: { const: 'KafkaClusterList' }, metadata: { type: 'object' }, data: list(CLUSTER) },
    ['kind', 'metadata', 'data'],
  ),
} as unknown as Schemas;
