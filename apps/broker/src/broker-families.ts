import type { Broker } from '@penstock/kafka-broker';
import { single, type MetricFamily, type MetricSample } from '@penstock/platform/process';

/** The first topics have traffic figures of their own; the number of the others is a figure too. */
const TOPICS_MAX = 1_000;
const MS_PER_SECOND = 1_000;

/** What the broker counts, by the names of Kafka's JMX exporters where there is one. */
export function brokerFamilies({ context }: Broker): MetricFamily[] {
  const { metrics, topics, parkedFetches, logs } = context;
  const { syncFigures } = logs;
  const counter = (name: string, help: string, value: number) =>
    single('counter', name, help, value);
  const gauge = (name: string, help: string, value: number) => single('gauge', name, help, value);
  return [
    gauge('penstock_broker_connections', 'Connections of clients', metrics.connections),
    counter(
      'penstock_broker_connections_total',
      'Connections that were made',
      metrics.connectionsTotal,
    ),
    counter(
      'penstock_broker_connections_refused_total',
      'Connections closed at once because of a limit',
      metrics.connectionsRefusedTotal,
    ),
    counter('penstock_broker_requests_total', 'Requests of clients', metrics.requestsTotal),
    counter(
      'penstock_broker_malformed_requests_total',
      'Connections closed because their bytes were no request',
      metrics.malformedRequestsTotal,
    ),
    counter(
      'penstock_broker_refused_batches_total',
      'Record batches that were refused',
      metrics.refusedBatchesTotal,
    ),
    counter('penstock_broker_bytes_out_total', 'Bytes sent to clients', metrics.bytesOutTotal),
    counter('penstock_broker_syncs_total', 'Syncs of the disk', syncFigures.cyclesTotal),
    counter(
      'penstock_broker_sync_seconds_total',
      'Time in syncs of the disk',
      syncFigures.cycleMsTotal / MS_PER_SECOND,
    ),
    counter(
      'penstock_broker_group_commits_total',
      'Transactions that made groups and committed offsets durable',
      metrics.groupCommitsTotal,
    ),
    counter(
      'penstock_broker_group_commit_errors_total',
      'Those that failed',
      metrics.groupCommitErrorsTotal,
    ),
    counter(
      'penstock_broker_group_commit_seconds_total',
      'Time in these transactions',
      metrics.groupCommitMsTotal / MS_PER_SECOND,
    ),
    gauge('penstock_broker_parked_fetches', 'Fetches that wait for records', parkedFetches.size),
    gauge('penstock_broker_topics', 'Topics', topics.size),
    ...trafficFamilies(context.topics),
  ];
}

function trafficFamilies(topics: Broker['context']['topics']): MetricFamily[] {
  const shown = [...topics.all()].slice(0, TOPICS_MAX);
  const samples = (value: (topic: (typeof shown)[number]) => number): MetricSample[] =>
    shown.map((topic) => ({ labels: { topic: topic.name }, value: value(topic) }));
  const prefix = 'kafka_server_brokertopicmetrics';
  return [
    {
      ...{ name: `${prefix}_messagesin_total`, type: 'counter' },
      help: 'Records that came in since the broker started',
      samples: samples(({ traffic }) => traffic.recordsIn),
    },
    {
      ...{ name: `${prefix}_bytesin_total`, type: 'counter' },
      help: 'Bytes of record batches that came in since the broker started',
      samples: samples(({ traffic }) => traffic.bytesIn),
    },
    {
      ...{ name: `${prefix}_bytesout_total`, type: 'counter' },
      help: 'Bytes of record batches that were fetched since the broker started',
      samples: samples(({ traffic }) => traffic.bytesOut),
    },
    single(
      'gauge',
      'penstock_broker_topics_without_figures',
      `Topics that have no figures of traffic: the first ${TOPICS_MAX} have`,
      topics.size - shown.length,
    ),
  ];
}
