import { pipeline } from '@penstock/pipelines';
import { Earthquake, eventTimeOf } from './earthquake.ts';

const ALERT_MAGNITUDE_MIN = 4.5;

/** An earthquake of unknown magnitude (`mag` is null) raises no alert. */
export const earthquakeAlerts = pipeline('earthquake-alerts', {
  description: `Raises an alert for every earthquake of magnitude ${ALERT_MAGNITUDE_MIN} or more.`,
})
  .from('earthquakes', { schema: Earthquake, eventTime: eventTimeOf })
  .filter(
    `magnitude ≥ ${ALERT_MAGNITUDE_MIN}`,
    ({ properties }) => properties.mag !== null && properties.mag >= ALERT_MAGNITUDE_MIN,
  )
  .map('to an alert', ({ id, properties, geometry }) => ({
    id,
    magnitude: properties.mag,
    place: properties.place,
    time: new Date(properties.time).toISOString(),
    tsunami: properties.tsunami === 1,
    longitude: geometry.coordinates[0],
    latitude: geometry.coordinates[1],
    depthKm: geometry.coordinates[2],
    url: properties.url,
  }))
  .keyBy('id', (alert) => alert.id)
  .to('earthquake-alerts');
