import { monitorEventLoopDelay, type ELDHistogram } from 'node:perf_hooks';
import { single, type MetricFamily } from './metric-family.ts';

/** Period of the timer that measures the delay; it is part of what the timer reports. */
const RESOLUTION_MS = 20;
const NANOSECONDS_PER_SECOND = 1e9;
const QUANTILES = [50, 90, 99, 100];

/**
 * What every process of the product says of itself, by the names of Prometheus' client libraries.
 */
export class ProcessFigures {
  readonly #delay: ELDHistogram;

  constructor() {
    this.#delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#delay.enable();
  }

  /** The figures now; the delay of the event loop since the last time this was asked. */
  families(): MetricFamily[] {
    const { user, system } = process.cpuUsage();
    const startedAt = Date.now() / 1000 - process.uptime();
    const { rss, heapUsed } = process.memoryUsage();
    return [
      single('gauge', 'process_resident_memory_bytes', 'Resident memory', rss),
      single('gauge', 'nodejs_heap_used_bytes', 'Used part of the JavaScript heap', heapUsed),
      single(
        'counter',
        'process_cpu_seconds_total',
        'Processor time, user and system',
        (user + system) / 1e6,
      ),
      single('gauge', 'process_start_time_seconds', 'When it started, since 1970', startedAt),
      single('gauge', 'process_uptime_seconds', 'Time since the process started', process.uptime()),
      this.#eventLoopDelay(),
    ];
  }

  close(): void {
    this.#delay.disable();
  }

  #eventLoopDelay(): MetricFamily {
    const delay = this.#delay;
    const samples = QUANTILES.map((percent) => {
      const measured = percent === 100 ? delay.max : delay.percentile(percent);
      const seconds = measured / NANOSECONDS_PER_SECOND - RESOLUTION_MS / 1000;
      return { labels: { quantile: String(percent / 100) }, value: Math.max(0, seconds) };
    });
    delay.reset();
    const help = 'Delay of the event loop since the last scrape';
    return { name: 'nodejs_eventloop_delay_seconds', help, type: 'gauge', samples };
  }
}
