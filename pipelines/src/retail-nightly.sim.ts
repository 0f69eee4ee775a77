/** Records for `npm run sim`. */
export { retailNightly as records } from './sample-specs/drawn-records.ts';
