import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Broker } from '@penstock/kafka-broker';

interface InfoLogger {
  debug(fields: object, message: string): void;
}

const INTERVAL_MS = 10_000;
/** Of the timer that the delay is measured by; its own period is part of what it reports. */
const RESOLUTION_MS = 10;
const NANOSECONDS_PER_MS = 1e6;

/**
 * Says every ten seconds how the broker does: to the log (level debug), and to the supervisor as
 * `{ type: 'metrics', process: 'broker', metrics }`. Returns the way to stop.
 */
export function reportMetrics(broker: Broker, logger: InfoLogger): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const timer = setInterval(() => {
    const { metrics, topics, parkedFetches, logs } = broker.context;
    const { syncFigures } = logs;
    const intervalMsP99 = delay.percentile(99) / NANOSECONDS_PER_MS;
    const figures = {
      ...metrics,
      topics: topics.size,
      parkedFetches: parkedFetches.size,
      syncCyclesTotal: syncFigures.cyclesTotal,
      syncMsTotal: syncFigures.cycleMsTotal,
      syncMsMax: syncFigures.cycleMsMax,
      eventLoopDelayMsP99: Math.max(0, intervalMsP99 - RESOLUTION_MS),
      residentBytes: process.memoryUsage.rss(),
    };
    delay.reset();
    metrics.groupCommitMsMax = 0;
    syncFigures.cycleMsMax = 0;
    logger.debug(figures, 'metrics');
    if (process.connected) {
      process.send?.({ type: 'metrics', process: 'broker', metrics: figures });
    }
  }, INTERVAL_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    delay.disable();
  };
}
