import { single, type MetricFamily, type MetricSample } from '@penstock/platform';
import type { TopicOffsets } from '../cluster/index.ts';
import type { ClusterSample } from './cluster-sample.ts';

/** The most series of a kind; how many were left out is a figure too. */
const PARTITIONS_MAX = 10_000;
const COMMITS_MAX = 10_000;

/** What is known of the logs besides their ends; absent where the cluster did not tell. */
export interface LogFigures {
  readonly startOffsets: TopicOffsets;
  /** topic -> bytes by partition index; null where the cluster does not tell. */
  readonly sizes: TopicOffsets;
}

/**
 * Topics and consumer groups as figures for Prometheus, by the names of kafka_exporter (offsets,
 * lag, members) and of Kafka's JMX exporters (size), so that dashboards made for those show them.
 */
export function clusterFamilies(sample: ClusterSample, logs: LogFigures): MetricFamily[] {
  return [
    single('gauge', 'kafka_brokers', 'Brokers of the cluster', sample.metadata.brokers.size),
    ...topicFamilies(sample, logs),
    ...groupFamilies(sample),
  ];
}

function topicFamilies({ metadata, endOffsets }: ClusterSample, logs: LogFigures): MetricFamily[] {
  const all = metadata.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partition }) => ({ topic: name, partition })),
  );
  const shown = all.slice(0, PARTITIONS_MAX);
  const samples = (values: TopicOffsets) =>
    shown.flatMap((labels) => known(labels, values.get(labels.topic)?.[labels.partition]));
  return [
    gauges(
      'kafka_topic_partitions',
      'Partitions of the topic',
      metadata.topics
        .slice(0, PARTITIONS_MAX)
        .map(({ name, partitions }) => ({ labels: { topic: name }, value: partitions.length })),
    ),
    gauges('kafka_topic_partition_current_offset', 'Log end offset', samples(endOffsets)),
    gauges('kafka_topic_partition_oldest_offset', 'Log start offset', samples(logs.startOffsets)),
    gauges('kafka_log_log_size', 'Bytes on disk', samples(logs.sizes)),
    leftOut('partitions', all.length - shown.length),
  ];
}

function groupFamilies({ groups, endOffsets }: ClusterSample): MetricFamily[] {
  const all = groups.flatMap(({ groupId, commits }) =>
    [...commits].flatMap(([topic, partitions]) =>
      [...partitions].map(([partition, { offset }]) => ({
        labels: { consumergroup: groupId, topic, partition },
        offset,
        end: endOffsets.get(topic)?.[partition],
      })),
    ),
  );
  const shown = all.slice(0, COMMITS_MAX);
  return [
    gauges(
      'kafka_consumergroup_members',
      'Members of the group',
      groups.slice(0, COMMITS_MAX).map(({ groupId, members }) => ({
        labels: { consumergroup: groupId },
        value: members.length,
      })),
    ),
    gauges(
      'kafka_consumergroup_current_offset',
      'Committed offset',
      shown.map(({ labels, offset }) => ({ labels, value: offset })),
    ),
    gauges(
      'kafka_consumergroup_lag',
      'Records between the committed offset and the log end',
      shown.flatMap(({ labels, offset, end }) =>
        known(labels, end == null ? null : Math.max(0, end - offset)),
      ),
    ),
    leftOut('commits', all.length - shown.length),
  ];
}

function known(labels: MetricSample['labels'], value: number | null | undefined): MetricSample[] {
  return value == null ? [] : [{ labels, value }];
}

function gauges(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, help, type: 'gauge', samples };
}

function leftOut(kind: 'partitions' | 'commits', value: number): MetricFamily {
  const name = 'penstock_metrics_left_out';
  const help = 'Partitions of topics, and of groups that committed, that have no figures here';
  return { name, help, type: 'gauge', samples: [{ labels: { kind }, value }] };
}
