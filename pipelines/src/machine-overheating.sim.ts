import type { TestRecord } from '@penstock/pipelines';
import { at, drawing, SECOND } from './sample-specs/sample-run.ts';

/** Records for `npm run sim`: machines that heat up, cool down and fall silent; one has no row. */
export function records(): TestRecord[] {
  const draw = drawing(3);
  const rows = ['press', 'mill'].map((deviceId) => ({
    topic: 'devices',
    key: deviceId,
    value: { deviceId, name: deviceId, maxCelsius: 80, recoverCelsius: 60 },
  }));
  let ms = 0;
  const readings = Array.from({ length: 300 }, (_, index) => {
    ms += draw(20) === 0 ? 61 * SECOND : draw(4) * SECOND;
    const deviceId = ['press', 'mill', 'lathe'][draw(3)]!;
    const heat = Math.floor(index / 30) % 2 === 0 ? 77 : 52;
    const value = { deviceId, celsius: heat + draw(10), powered: true, time: at(ms) };
    return { topic: 'sensor-readings', key: deviceId, value };
  });
  return [...rows, ...readings];
}
