import type { TestRecord } from '@penstock/pipelines';
import { readEarthquakes } from './demo/earthquake-features.ts';

/** Records for `npm run sim`: a part of the week of earthquakes. */
export async function records(): Promise<TestRecord[]> {
  const week = await readEarthquakes();
  return week.slice(0, 400).map((value) => ({ key: value.id, value }));
}
