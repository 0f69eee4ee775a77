import { readFile } from 'node:fs/promises';

/** A feature, as far as it is looked at here; the rest is passed on. */
export interface EarthquakeFeature {
  readonly id: string;
  readonly properties: {
    /** Null while it is not determined. */
    readonly mag: number | null;
    /** Milliseconds since epoch. */
    readonly time: number;
    readonly updated: number;
  };
}

/**
 * The 1,707 earthquakes that the USGS reported in the week to 7 February 2018, as they lie in the
 * npm package vega-datasets.
 */
export async function readEarthquakes(): Promise<EarthquakeFeature[]> {
  // The package's entry is build/index.js; its data folder is not among its exports.
  const file = new URL('../data/earthquakes.json', import.meta.resolve('vega-datasets'));
  const collection = JSON.parse(await readFile(file, 'utf8')) as { features: EarthquakeFeature[] };
  return collection.features;
}
