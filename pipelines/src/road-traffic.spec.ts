import { describe, expect, it } from 'vitest';
import { roadTraffic } from './road-traffic.ts';
import * as sample from './sample-specs/sample-run.ts';

const { at, MINUTE, SECOND } = sample;

const segment = (segmentId: string, limitKmh = 100, alternatives: string[] = []) => ({
  topic: 'road-segments',
  value: { segmentId, name: segmentId, limitKmh, lengthM: 900, alternatives },
});
const position = (ms: number, speedKmh: number, vehicleId = 'v', segmentId = 's') => ({
  topic: 'vehicle-positions',
  partition: 0,
  value: { vehicleId, segmentId, speedKmh, time: at(ms) },
});
/** So many vehicles in each minute from one to another, all as fast. */
const traffic = (fromMinute: number, toMinute: number, speedKmh: number, vehicles = 10, id = 's') =>
  Array.from({ length: toMinute - fromMinute }, (_, minute) =>
    Array.from({ length: vehicles }, (_, index) =>
      position((fromMinute + minute) * MINUTE + index * SECOND, speedKmh, `v${index}`, id),
    ),
  ).flat();
const byTime = (records: ReturnType<typeof position>[]) =>
  records.toSorted((one, other) => (one.value.time < other.value.time ? -1 : 1));

async function jamsOf(...records: Parameters<typeof sample.run>[1]) {
  const driver = await sample.run(roadTraffic, records);
  return sample
    .valuesIn<Record<'state' | 'since' | 'windowEnd' | 'segmentId', string>>(driver, 'traffic-jams')
    .toSorted((one, other) => (one.windowEnd < other.windowEnd ? -1 : 1));
}

describe('road-traffic', () => {
  it('measures distinct vehicles and the mean of all positions in windows of five minutes', async () => {
    const positions = [12.2, 12.3, 0.05].map((speed, index) =>
      position(index * MINUTE, speed, index === 2 ? 'w' : 'v'),
    );
    const driver = await sample.run(roadTraffic, [
      ...positions,
      position(2 * MINUTE, 0, '__proto__'),
    ]);
    const rows = sample.valuesIn(driver, 'segment-speeds');
    expect(rows).toHaveLength(7);
    const whole = rows.find(({ windowEnd }) => windowEnd === at(3 * MINUTE));
    expect(whole).toEqual({
      segmentId: 's',
      windowStart: at(-2 * MINUTE),
      windowEnd: at(3 * MINUTE),
      vehicles: 3,
      meanKmh: 6.1,
    });
    // 12.25 rounds up.
    expect(rows.find(({ windowEnd }) => windowEnd === at(2 * MINUTE))?.meanKmh).toBe(12.3);
    expect(sample.valuesIn(driver, 'traffic-jams')).toEqual([]);
  });

  it('sees a jam in two slow windows one after the other, and its end in a fast one', async () => {
    const jams = await jamsOf(segment('s'), ...traffic(0, 6, 39.9), ...traffic(6, 20, 60));
    expect(jams).toEqual([
      {
        jamId: `s/${at(-4 * MINUTE)}`,
        segmentId: 's',
        state: 'jammed',
        since: at(-4 * MINUTE),
        windowEnd: at(2 * MINUTE),
        meanKmh: 39.9,
        alternative: null,
      },
      {
        jamId: `s/${at(-4 * MINUTE)}`,
        segmentId: 's',
        state: 'clear',
        since: at(-4 * MINUTE),
        windowEnd: at(11 * MINUTE),
        meanKmh: 60,
        alternative: null,
      },
    ]);
  });

  it('sees none with too few vehicles, at 40 % of the limit, or without a row', async () => {
    expect(await jamsOf(segment('s'), ...traffic(0, 9, 10, 9))).toEqual([]);
    expect(await jamsOf(segment('s'), ...traffic(0, 9, 40))).toEqual([]);
    expect(await jamsOf(...traffic(0, 9, 10))).toEqual([]);
  });

  it('is clear when no window came for ten minutes', async () => {
    const jams = await jamsOf(segment('s'), ...traffic(0, 3, 10));
    // The last window with a position ends at 7 min.
    expect(jams.map(({ state, windowEnd }) => [state, windowEnd])).toEqual([
      ['jammed', at(2 * MINUTE)],
      ['clear', at(17 * MINUTE)],
    ]);
  });

  it('names the way around that is fastest for its limit, of what ends at the same time', async () => {
    const roads = [
      segment('s', 100, ['unknown', 'b', 'a', 'c']),
      segment('a', 50),
      segment('b', 100),
      segment('c', 40),
    ];
    const others = [
      ...traffic(0, 2, 45, 1, 'a'),
      ...traffic(0, 2, 90, 1, 'b'),
      ...traffic(0, 2, 35.9, 1, 'c'),
    ];
    const jams = await jamsOf(...roads, ...byTime([...traffic(0, 3, 10), ...others]));
    expect(jams[0]).toMatchObject({ state: 'jammed', alternative: 'b' });
  });

  it('gives the same whatever the order in which positions come', async () => {
    const draw = sample.drawing(3);
    const all = ['s', 't'].flatMap((id, index) =>
      Array.from({ length: 25 }, (_, minute) =>
        traffic(minute, minute + 1, draw(5) * 20 + index, 8 + draw(5), id),
      ).flat(),
    );
    const roads = [segment('s', 100, ['t']), segment('t', 90, ['s'])];
    const outputs = [];
    for (const seed of [1, 2, 3]) {
      const values = sample.shuffledWithin(
        all.map(({ value }) => value),
        sample.drawing(seed),
      );
      const log = values.map((value) => ({
        topic: 'vehicle-positions',
        value,
        partition: seed === 1 ? 0 : Number(value.vehicleId.slice(1)) % 3,
      }));
      const driver = await sample.run(roadTraffic, [...roads, ...log]);
      expect(driver.late).toEqual([]);
      outputs.push(driver.results.map(({ topic, value }) => [topic, value]));
    }
    expect(outputs[0]!.some(([topic]) => topic === 'traffic-jams')).toBe(true);
    expect(outputs[1]).toEqual(outputs[0]);
    expect(outputs[2]).toEqual(outputs[0]);
  });
});
