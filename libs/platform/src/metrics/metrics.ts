import type { OnApplicationShutdown } from '@nestjs/common';
import {
  Counter,
  Gauge,
  Histogram,
  Registry,
  type CounterConfiguration,
  type GaugeConfiguration,
  type HistogramConfiguration,
} from 'prom-client';
import type { MetricFamily, MetricSample } from './metric-family.ts';
import { ProcessFigures } from './process-figures.ts';

export type { Counter, Gauge, Histogram };

/**
 * The figures of a process, as Prometheus reads them. Every process has resident memory, processor
 * time, uptime and the delay of its event loop; libraries add their own.
 */
export class Metrics implements OnApplicationShutdown {
  readonly #registry = new Registry();
  readonly #process = new ProcessFigures();

  counter<T extends string>(options: Omit<CounterConfiguration<T>, 'registers'>): Counter<T> {
    return new Counter({ ...options, registers: [this.#registry] });
  }

  gauge<T extends string>(options: Omit<GaugeConfiguration<T>, 'registers'>): Gauge<T> {
    return new Gauge({ ...options, registers: [this.#registry] });
  }

  histogram<T extends string>(options: Omit<HistogramConfiguration<T>, 'registers'>): Histogram<T> {
    return new Histogram({ ...options, registers: [this.#registry] });
  }

  /** What the process is, as every process has it. */
  processFamilies(): MetricFamily[] {
    return this.#process.families();
  }

  /** What its libraries count. */
  async families(): Promise<MetricFamily[]> {
    const own = await this.#registry.getMetricsAsJSON();
    return own.map(({ name, help, type, values }) => ({
      name,
      help,
      type: String(type) as MetricFamily['type'],
      samples: (values as PrometheusValue[]).map(sampleOf),
    }));
  }

  onApplicationShutdown(): void {
    this.#process.close();
  }
}

interface PrometheusValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

function sampleOf({ value, labels, metricName }: PrometheusValue): MetricSample {
  return { value, labels, ...(metricName !== undefined && { name: metricName }) };
}
