/** Records for `npm run sim`. */
export { labResultsDigest as records } from './sample-specs/drawn-records.ts';
