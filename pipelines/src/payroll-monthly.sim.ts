/** Records for `npm run sim`. */
export { payrollMonthly as records } from './sample-specs/drawn-records.ts';
