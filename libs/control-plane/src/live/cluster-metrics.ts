import { Injectable } from '@nestjs/common';
import { single, type MetricFamily } from '@penstock/platform';
import { ClusterUnavailable, EARLIEST, InteractiveCluster } from '../cluster/index.ts';
import { clusterFamilies, type LogFigures } from './cluster-families.ts';
import type { ClusterSample } from './cluster-sample.ts';
import { LiveMonitor } from './live-monitor.ts';

/** Topics and consumer groups for Prometheus, of the newest look at the cluster. */
@Injectable()
export class ClusterMetrics {
  readonly #monitor: LiveMonitor;
  readonly #cluster: InteractiveCluster;

  constructor(monitor: LiveMonitor, cluster: InteractiveCluster) {
    this.#monitor = monitor;
    this.#cluster = cluster;
  }

  /** Leaves out the cluster's figures while it does not answer: old ones would look current. */
  async families(): Promise<MetricFamily[]> {
    try {
      const sample = this.#monitor.sample();
      return [up(1), ...clusterFamilies(sample, await this.#logs(sample))];
    } catch (error) {
      if (error instanceof ClusterUnavailable) return [up(0)];
      throw error;
    }
  }

  async #logs({ metadata }: ClusterSample): Promise<LogFigures> {
    const [startOffsets, sizes] = await Promise.all([
      this.#cluster.listOffsets(metadata, metadata.topics, EARLIEST),
      this.#cluster.logSizes(metadata, metadata.topics),
    ]);
    return { startOffsets, sizes };
  }
}

function up(value: 0 | 1): MetricFamily {
  return single('gauge', 'penstock_cluster_up', 'Whether the Kafka cluster answers', value);
}
