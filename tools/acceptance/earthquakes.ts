import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@penstock/testing';

interface Earthquake {
  id: string;
  properties: { mag: number | null; time: number };
}

const file = join(repositoryRoot, 'node_modules/vega-datasets/data/earthquakes.json');

/** The 1,707 earthquakes that the USGS recorded in one week, as it publishes them. */
export const earthquakes: readonly Earthquake[] = (
  JSON.parse(readFileSync(file, 'utf8')) as { features: Earthquake[] }
).features;

export const earthquakesNdjson: string = earthquakes
  .map((earthquake) => JSON.stringify(earthquake))
  .join('\n');

/** Those that `earthquake-alerts` passes on. */
export const strong: readonly Earthquake[] = earthquakes.filter(
  ({ properties }) => (properties.mag ?? 0) >= 4.5,
);

export interface Day {
  day: string;
  count: number;
  max: number;
}

/** What the daily report has to hold, computed here a second time. */
export function expectedDays(): Day[] {
  const days = new Map<string, Day>();
  for (const { properties } of earthquakes) {
    const day = new Date(properties.time).toISOString().slice(0, 10);
    const entry = days.get(day) ?? { day, count: 0, max: -Infinity };
    entry.count++;
    entry.max = Math.max(entry.max, properties.mag ?? -Infinity);
    days.set(day, entry);
  }
  return [...days.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
}
