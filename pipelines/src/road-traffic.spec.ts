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

  it('gives what a naive reading of the rules gives', async () => {
    const roads = [
      segment('a', 100, ['b', 'unknown', 'no row', 'zero', 'c']),
      segment('b', 50, ['a', 'c']),
      segment('c', -50, ['b', 'a', 'zero']),
      segment('zero', 0, ['no row']),
    ];
    const states = new Set<unknown>();
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const draw = sample.drawing(seed);
      const positions = ['a', 'b', 'c', 'zero', 'no row'].flatMap((id) => drawn(id, draw));
      const values = sample.shuffledWithin(
        positions.map(({ value }) => value).sort((one, other) => compare(one.time, other.time)),
        draw,
      );
      const log = values.map((value) => ({
        topic: 'vehicle-positions',
        value,
        partition: draw(3),
      }));
      const driver = await sample.run(roadTraffic, [...roads, ...log]);
      const expected = naive(
        positions.map(({ value }) => value),
        new Map(roads.map(({ value }) => [value.segmentId, value])),
      );
      expect([driver.late, driver.deadLetters]).toEqual([[], []]);
      expect(sorted(sample.valuesIn(driver, 'segment-speeds'))).toEqual(sorted(expected.speeds));
      expect(sorted(sample.valuesIn(driver, 'traffic-jams'))).toEqual(sorted(expected.jams));
      for (const { state, meanKmh, alternative } of expected.jams) {
        states.add(`${state} ${meanKmh === null ? 'by silence' : ''}`);
        states.add(alternative);
      }
    }
    const all = ['jammed ', 'clear ', 'clear by silence', null, 'a', 'b', 'c'];
    expect(all.filter((each) => !states.has(each))).toEqual([]);
  });
});

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function sorted(rows: readonly object[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort(compare);
}

type Position = ReturnType<typeof position>['value'];
type Road = ReturnType<typeof segment>['value'];

/** An hour and a half of slow, quick and middling phases; in some of them nobody drives. */
function drawn(segmentId: string, draw: (limit: number) => number) {
  // Phases of a minute make single slow windows, longer ones silence.
  const length = 1 + draw(6);
  return Array.from({ length: Math.floor(90 / length) }, (_, phase) => {
    const tenthsOfKmh = [-400, 50, 100, 300, 700][draw(5)]!;
    const vehicles = [0, 3, 9, 12][draw(4)]!;
    const minutes = vehicles === 0 ? 0 : 1 + draw(length);
    return Array.from({ length: minutes * vehicles }, (__, index) =>
      position(
        (phase * length + Math.floor(index / vehicles)) * MINUTE + draw(60) * SECOND,
        (tenthsOfKmh + draw(20)) / 10,
        `v${draw(14)}`,
        segmentId,
      ),
    );
  }).flat();
}

interface Window {
  readonly id: string;
  readonly end: number;
  readonly vehicles: number;
  /** Sum of the speeds in tenths of km/h. */
  readonly sum: number;
  readonly count: number;
}

/** By whole numbers alone: speeds are in tenths of km/h. */
function naive(positions: readonly Position[], roads: ReadonlyMap<string, Road>) {
  const ids = [...new Set(positions.map(({ segmentId }) => segmentId))];
  const ends = Array.from({ length: 120 }, (_, minute) => sample.START + minute * MINUTE);
  const windows = ends.flatMap((end) =>
    ids.flatMap((id): Window[] => {
      const within = positions.filter(
        ({ segmentId, time }) =>
          segmentId === id && Date.parse(time) < end && Date.parse(time) >= end - 5 * MINUTE,
      );
      if (within.length === 0) return [];
      const vehicles = new Set(within.map(({ vehicleId }) => vehicleId)).size;
      const sum = within.reduce((total, { speedKmh }) => total + Math.round(speedKmh * 10), 0);
      return [{ id, end, vehicles, sum, count: within.length }];
    }),
  );
  const speeds = windows.map((window) => ({
    segmentId: window.id,
    windowStart: iso(window.end - 5 * MINUTE),
    windowEnd: iso(window.end),
    vehicles: window.vehicles,
    meanKmh: shown(window),
  }));
  return { speeds, jams: [...roads.values()].flatMap((road) => naiveJams(road, windows, roads)) };
}

function naiveJams(road: Road, windows: readonly Window[], roads: ReadonlyMap<string, Road>) {
  const own = windows.filter(({ id }) => id === road.segmentId);
  const jams: Array<Record<string, string | number | null>> = [];
  let [clearAt, since] = [-Infinity, ''];
  own.forEach((window, index) => {
    const isSlow = ({ vehicles, sum, count }: Window) =>
      vehicles >= 10 && sum < 4 * road.limitKmh * count;
    const tell = (state: string, end: number, mean: number | null, alternative: string | null) =>
      jams.push({
        jamId: `${road.segmentId}/${since}`,
        segmentId: road.segmentId,
        state,
        since,
        windowEnd: iso(end),
        meanKmh: mean,
        alternative,
      });
    const before = own[index - 1];
    if (since !== '' && window.sum >= 6 * road.limitKmh * window.count) {
      tell('clear', window.end, shown(window), null);
      [clearAt, since] = [window.end, ''];
    } else if (
      since === '' &&
      before !== undefined &&
      before.end === window.end - MINUTE &&
      before.end > clearAt &&
      isSlow(before) &&
      isSlow(window)
    ) {
      since = iso(before.end - 5 * MINUTE);
      tell('jammed', window.end, shown(window), naiveAlternative(road, window.end, windows, roads));
    }
    const next = own[index + 1]?.end ?? Infinity;
    if (since !== '' && next > window.end + 10 * MINUTE) {
      tell('clear', window.end + 10 * MINUTE, null, null);
      [clearAt, since] = [window.end + 10 * MINUTE, ''];
    }
  });
  return jams;
}

function naiveAlternative(
  { alternatives }: Road,
  end: number,
  windows: readonly Window[],
  roads: ReadonlyMap<string, Road>,
): string | null {
  let best: { id: string; share: number } | null = null;
  for (const id of alternatives) {
    const newest = windows.findLast((window) => window.id === id && window.end <= end);
    const limit = roads.get(id)?.limitKmh ?? 0;
    if (newest === undefined || limit === 0) continue;
    const share = newest.sum / newest.count / limit;
    if (best === null || share > best.share) best = { id, share };
  }
  return best?.id ?? null;
}

function shown({ sum, count }: Window): number {
  return Math.floor((2 * sum + count) / (2 * count)) / 10;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
