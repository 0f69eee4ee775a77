import type { TestRecord } from '@penstock/pipelines';
import { at, drawing, MINUTE, SECOND } from './sample-specs/sample-run.ts';

const MINUTES = 30;
const VEHICLES = 11;

/**
 * Records for `npm run sim`: two roads that jam by turns, and a way around that has no vehicles at
 * times.
 */
export function records(): TestRecord[] {
  const draw = drawing(2);
  const rows = ['north', 'south', 'around'].map((segmentId) => ({
    topic: 'road-segments',
    key: segmentId,
    value: {
      segmentId,
      name: segmentId,
      limitKmh: 100,
      lengthM: 900,
      alternatives: ['around', 'north', 'south'].filter((id) => id !== segmentId),
    },
  }));
  const positions = Array.from({ length: MINUTES * VEHICLES }, (_, index) => {
    const minute = Math.floor(index / VEHICLES);
    const segmentId = ['north', 'south', 'around'][draw(minute % 8 === 0 ? 2 : 3)]!;
    const isSlow = Math.floor(minute / 10) % 2 === (segmentId === 'north' ? 0 : 1);
    const value = {
      vehicleId: `v${draw(20)}`,
      segmentId,
      speedKmh: (isSlow ? 20 : 70) + draw(100) / 10,
      time: at(minute * MINUTE + (index % VEHICLES) * 5 * SECOND),
    };
    return { topic: 'vehicle-positions', key: segmentId, value };
  });
  return [...rows, ...positions];
}
