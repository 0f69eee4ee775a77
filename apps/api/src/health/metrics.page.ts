import { Injectable } from '@nestjs/common';
import { ClusterMetrics } from '@penstock/control-plane';
import { collectMetrics, exposition, Metrics, type MetricFamily } from '@penstock/platform';

/** `/metrics`: the figures of all processes, of topics and of consumer groups. */
@Injectable()
export class MetricsPage {
  readonly #metrics: Metrics;
  readonly #cluster: ClusterMetrics;

  constructor(metrics: Metrics, cluster: ClusterMetrics) {
    this.#metrics = metrics;
    this.#cluster = cluster;
  }

  async text(): Promise<string> {
    const [own, others, cluster] = await Promise.all([
      this.#metrics.families(),
      collectMetrics(),
      this.#cluster.families(),
    ]);
    const up = upFamily(['api', ...others.answers.map(({ process }) => process)], others.processes);
    return exposition([
      // There is one api, and one cluster: these need no label.
      { process: '', families: [up, ...cluster, ...own] },
      { process: 'api', families: this.#metrics.processFamilies() },
      ...others.answers,
    ]);
  }
}

/** For a process that does not answer, this is the only figure. */
function upFamily(answered: readonly string[], asked: readonly string[]): MetricFamily {
  const names = new Set([...answered, ...asked]);
  return {
    name: 'penstock_process_up',
    help: 'Whether the process answered for this page',
    type: 'gauge',
    samples: [...names].map((process) => ({
      labels: { process },
      value: answered.includes(process) ? 1 : 0,
    })),
  };
}
