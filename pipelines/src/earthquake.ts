import { z } from '@penstock/pipelines';

/**
 * An earthquake as the USGS publishes it: a GeoJSON feature of its summary feeds
 * (https://earthquake.usgs.gov/earthquakes/feed/v1.0/geojson.php). Only what the samples use is
 * listed; what is not listed is let through.
 */
export const Earthquake = z.looseObject({
  id: z.string(),
  properties: z.looseObject({
    /** Null while it is not determined. */
    mag: z.number().nullable(),
    place: z.string().nullable(),
    /** Milliseconds since epoch. */
    time: z.number(),
    url: z.string(),
    tsunami: z.number(),
  }),
  geometry: z.looseObject({
    /** Longitude, latitude, depth in km. */
    coordinates: z.tuple([z.number(), z.number(), z.number()]),
  }),
});

export type Earthquake = z.infer<typeof Earthquake>;

export function eventTimeOf(quake: Earthquake): number {
  return quake.properties.time;
}
