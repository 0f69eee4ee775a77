import type { PipelineDefinition } from '@penstock/pipelines';
import { cardFraud } from './card-fraud.ts';
import { earthquakeAlerts } from './earthquake-alerts.ts';
import { earthquakeDailyReport } from './earthquake-daily-report.ts';
import { labResultsDigest } from './lab-results-digest.ts';
import { machineOverheating } from './machine-overheating.ts';
import { patientVitals } from './patient-vitals.ts';
import { payrollMonthly } from './payroll-monthly.ts';
import { retailNightly } from './retail-nightly.ts';
import { roadTraffic } from './road-traffic.ts';
import { shopPersonalisation } from './shop-personalisation.ts';
import { socialPosts } from './social-posts.ts';
import { telecomBilling } from './telecom-billing.ts';

export { type EarthquakeFeature, readEarthquakes } from './demo/earthquake-features.ts';
export { type DemoRecord, replayEarthquakes } from './demo/earthquake-replay.ts';

/**
 * The pipelines that the workers run. To add one, write it in a file of this folder, put it into
 * this list, and start again.
 */
export const pipelines: readonly PipelineDefinition[] = [
  earthquakeAlerts,
  earthquakeDailyReport,
  cardFraud,
  roadTraffic,
  machineOverheating,
  patientVitals,
  shopPersonalisation,
  labResultsDigest,
  payrollMonthly,
  socialPosts,
  telecomBilling,
  retailNightly,
];
