import { monitorEventLoopDelay, type ELDHistogram } from 'node:perf_hooks';
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

export type { Counter, Gauge, Histogram };

/**
 * The figures of a process, as Prometheus reads them. Every process has resident memory, processor
 * time, uptime and the delay of its event loop; libraries add their own.
 */
export class Metrics implements OnApplicationShutdown {
  readonly #registry = new Registry();
  readonly #delay: ELDHistogram;

  constructor() {
    this.#delay = monitorEventLoopDelay({ resolution: 20 });
    this.#delay.enable();
    this.#addProcessFigures();
  }

  /** Content type of `text()`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  counter<T extends string>(options: Omit<CounterConfiguration<T>, 'registers'>): Counter<T> {
    return new Counter({ ...options, registers: [this.#registry] });
  }

  gauge<T extends string>(options: Omit<GaugeConfiguration<T>, 'registers'>): Gauge<T> {
    return new Gauge({ ...options, registers: [this.#registry] });
  }

  histogram<T extends string>(options: Omit<HistogramConfiguration<T>, 'registers'>): Histogram<T> {
    return new Histogram({ ...options, registers: [this.#registry] });
  }

  /** Everything, in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  onApplicationShutdown(): void {
    this.#delay.disable();
  }

  #addProcessFigures(): void {
    const delay = this.#delay;
    this.gauge({
      name: 'process_resident_memory_bytes',
      help: 'Resident memory',
      collect() {
        this.set(process.memoryUsage.rss());
      },
    });
    this.gauge({
      name: 'nodejs_heap_used_bytes',
      help: 'Used part of the JavaScript heap',
      collect() {
        this.set(process.memoryUsage().heapUsed);
      },
    });
    this.gauge({
      name: 'process_cpu_seconds_total',
      help: 'Processor time, user and system',
      collect() {
        const { user, system } = process.cpuUsage();
        this.set((user + system) / 1e6);
      },
    });
    this.gauge({
      name: 'process_uptime_seconds',
      help: 'Time since the process started',
      collect() {
        this.set(process.uptime());
      },
    });
    this.gauge({
      name: 'nodejs_eventloop_delay_seconds',
      help: 'Delay of the event loop since the last scrape',
      labelNames: ['quantile'],
      collect() {
        for (const quantile of [50, 90, 99]) {
          this.set({ quantile: String(quantile / 100) }, delay.percentile(quantile) / 1e9);
        }
        this.set({ quantile: '1' }, delay.max / 1e9);
        delay.reset();
      },
    });
  }
}
