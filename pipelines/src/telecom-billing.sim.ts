/** Records for `npm run sim`. */
export { telecomBilling as records } from './sample-specs/drawn-records.ts';
