import type { PipelineDefinition } from '@penstock/pipelines';
import { earthquakeAlerts } from './earthquake-alerts.ts';
import { earthquakeDailyReport } from './earthquake-daily-report.ts';

export { type EarthquakeFeature, readEarthquakes } from './demo/earthquake-features.ts';
export { type DemoRecord, replayEarthquakes } from './demo/earthquake-replay.ts';

/**
 * The pipelines that the workers run. To add one, write it in a file of this folder, put it into
 * this list, and start again.
 */
export const pipelines: readonly PipelineDefinition[] = [earthquakeAlerts, earthquakeDailyReport];
