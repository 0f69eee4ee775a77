/** Records for `npm run sim`. */
export { socialPosts as records } from './sample-specs/drawn-records.ts';
