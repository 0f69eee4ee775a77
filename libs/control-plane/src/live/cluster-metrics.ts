import { Injectable } from '@nestjs/common';
import { single, type MetricFamily } from '@penstock/platform';
import { ClusterUnavailable, EARLIEST, InteractiveCluster } from '../cluster/index.ts';
import { clusterFamilies, type LogFigures } from './cluster-families.ts';
import type { ClusterSample } from './cluster-sample.ts';
import { LiveMonitor } from './live-monitor.ts';
import { SharedReading } from './shared-reading.ts';

/** Log starts and sizes are asked for of all partitions: not at every scrape of everybody. */
const LOGS_AGE_MAX_MS = 10_000;

/**
 * Topics and consumer groups for Prometheus, of the newest look at the cluster. What that look does
 * not hold (log starts and sizes) is asked for once in ten seconds at most; its age is a figure.
 */
@Injectable()
export class ClusterMetrics {
  readonly #monitor: LiveMonitor;
  readonly #logs: SharedReading<ClusterSample, LogFigures>;

  constructor(monitor: LiveMonitor, cluster: InteractiveCluster) {
    this.#monitor = monitor;
    this.#logs = new SharedReading<ClusterSample, LogFigures>({
      read: async ({ metadata }) => {
        const [startOffsets, sizes] = await Promise.all([
          cluster.listOffsets(metadata, metadata.topics, EARLIEST),
          cluster.logSizes(metadata, metadata.topics),
        ]);
        return { startOffsets, sizes };
      },
      ageMaxMs: LOGS_AGE_MAX_MS,
      // A topic that is new is not left out until the others are old.
      covers: ({ startOffsets }, { metadata }) =>
        metadata.topics.every(({ name }) => startOffsets.has(name)),
      monotonicMs: () => performance.now(),
    });
  }

  /** Leaves out the cluster's figures while it does not answer: old ones would look current. */
  async families(): Promise<MetricFamily[]> {
    try {
      const sample = this.#monitor.sample();
      const logs = await this.#logs.get(sample);
      return [up(1), logsAge(logs.ageMs), ...clusterFamilies(sample, logs.value)];
    } catch (error) {
      if (error instanceof ClusterUnavailable) return [up(0)];
      throw error;
    }
  }
}

function logsAge(ageMs: number): MetricFamily {
  const help = 'Age of the log start offsets and sizes on this page';
  return single('gauge', 'penstock_metrics_log_figures_age_seconds', help, ageMs / 1_000);
}

function up(value: 0 | 1): MetricFamily {
  return single('gauge', 'penstock_cluster_up', 'Whether the Kafka cluster answers', value);
}
