import type { TestRecord } from '@penstock/pipelines';
import { at, drawing, MINUTE, SECOND } from './sample-specs/sample-run.ts';

/** Records for `npm run sim`: patients whose state changes; some readings come ten minutes late. */
export function records(): TestRecord[] {
  const draw = drawing(4);
  return Array.from({ length: 250 }, (_, index) => {
    const ms = index * 20 * SECOND - (draw(20) === 0 ? 10 * MINUTE : 0);
    const patientId = `p${draw(3)}`;
    const value = {
      patientId,
      respirationRate: [16, 16, 22, 26][draw(4)],
      spo2: [98, 98, 94, 90][draw(4)],
      oxygen: draw(4) === 0,
      systolic: 120,
      pulse: [70, 70, 115, 135][draw(4)],
      consciousness: 'A',
      temperatureC: 37,
      time: at(ms),
    };
    const reading = { topic: 'vital-signs', key: patientId, value };
    if (draw(3) > 0) return [reading];
    // Whoever acknowledges does so after the alert, or too late; some name no alert.
    const acknowledgement = {
      alertId: `${patientId}/${value.time}`,
      by: 'Kim',
      time: at(ms + [20 * SECOND, 5 * MINUTE, 5 * MINUTE + 1][draw(3)]!),
    };
    return [reading, { topic: 'alert-acknowledgements', key: null, value: acknowledgement }];
  })
    .flat()
    .sort((one, other) => (one.value.time < other.value.time ? -1 : 1));
}
