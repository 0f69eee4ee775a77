import { describe, expect, it } from 'vitest';
import { type Measurement, pointsOf, scoreOf } from './news2-score.ts';
import { patientVitals } from './patient-vitals.ts';
import * as sample from './sample-specs/sample-run.ts';

const { at, MINUTE, SECOND } = sample;

const HEALTHY: Measurement = {
  respirationRate: 16,
  spo2: 97,
  oxygen: false,
  systolic: 120,
  pulse: 70,
  consciousness: 'A',
  temperatureC: 37,
};
const SICK: Partial<Measurement> = { respirationRate: 30, spo2: 90, pulse: 120 };

const signs = (ms: number, measured: Partial<Measurement> = {}, patientId = 'a/b') => ({
  topic: 'vital-signs',
  partition: 0,
  value: { patientId, ...HEALTHY, ...measured, time: at(ms) },
});
const acknowledged = (ms: number, alertId: string) => ({
  topic: 'alert-acknowledgements',
  partition: 0,
  value: { alertId, by: 'Kim', time: at(ms) },
});

interface Alert {
  readonly alertId: string;
  readonly level: string;
  readonly score: number;
  readonly escalated: boolean;
}

async function alertsOf(...records: Parameters<typeof sample.run>[1]): Promise<Alert[]> {
  const driver = await sample.run(patientVitals, records);
  return driver.outputs
    .filter(({ topic }) => topic === 'patient-alerts')
    .map(({ value }) => value as Alert);
}

describe('NEWS2', () => {
  it('gives the points of each scale at its edges', () => {
    const edges: Array<[keyof Measurement, Array<[value: unknown, points: number]>]> = [
      [
        'respirationRate',
        [
          [8, 3],
          [9, 1],
          [11, 1],
          [12, 0],
          [20, 0],
          [21, 2],
          [24, 2],
          [25, 3],
        ],
      ],
      [
        'spo2',
        [
          [91, 3],
          [92, 2],
          [93, 2],
          [94, 1],
          [95, 1],
          [96, 0],
          [100, 0],
        ],
      ],
      [
        'oxygen',
        [
          [true, 2],
          [false, 0],
        ],
      ],
      [
        'systolic',
        [
          [90, 3],
          [91, 2],
          [100, 2],
          [101, 1],
          [110, 1],
          [111, 0],
          [219, 0],
          [220, 3],
        ],
      ],
      [
        'pulse',
        [
          [40, 3],
          [41, 1],
          [50, 1],
          [51, 0],
          [90, 0],
          [91, 1],
          [110, 1],
          [111, 2],
          [131, 3],
        ],
      ],
      [
        'consciousness',
        [
          ['A', 0],
          ['C', 3],
          ['V', 3],
          ['P', 3],
          ['U', 3],
        ],
      ],
      [
        'temperatureC',
        [
          [35, 3],
          [35.04, 3],
          [35.05, 1],
          [36, 1],
          [36.05, 0],
          [38.04, 0],
          [38.05, 1],
          [39.05, 2],
        ],
      ],
    ];
    for (const [name, values] of edges) {
      for (const [value, points] of values) {
        const found = pointsOf({ ...HEALTHY, [name]: value });
        expect([name, value, found[name], scoreOf(found)]).toEqual([name, value, points, points]);
      }
    }
  });
});

describe('patient-vitals', () => {
  it('alerts when the level changes, and says which parameters made it', async () => {
    const alerts = await alertsOf(
      signs(0),
      signs(10_000, { pulse: 135 }),
      signs(20_000, { systolic: 90 }),
      signs(30_000, { pulse: 135, oxygen: true }),
      signs(40_000, SICK),
      signs(50_000, SICK),
      acknowledged(60_000, `a/b/${at(40_000)}`),
      signs(70_000),
    );
    expect(alerts.map(({ level, score }) => [level, score])).toEqual([
      ['single', 3],
      ['medium', 5],
      ['high', 8],
      ['low', 0],
    ]);
    expect(alerts[2]).toEqual({
      alertId: `a/b/${at(40_000)}`,
      patientId: 'a/b',
      level: 'high',
      score: 8,
      parameters: {
        respirationRate: 3,
        spo2: 3,
        oxygen: 0,
        systolic: 0,
        pulse: 2,
        consciousness: 0,
        temperatureC: 0,
      },
      escalated: false,
      time: at(40_000),
    });
  });

  it('escalates a high alert once, unless it was acknowledged within five minutes', async () => {
    const escalated = async (...others: Parameters<typeof sample.run>[1]) => {
      const alerts = await alertsOf(signs(0, SICK), signs(MINUTE), ...others);
      return alerts.filter((alert) => alert.escalated);
    };
    const id = `a/b/${at(0)}`;
    expect(await escalated()).toMatchObject([{ alertId: id, level: 'high', time: at(0) }]);
    expect(await escalated(acknowledged(5 * MINUTE, id))).toEqual([]);
    expect(await escalated(acknowledged(5 * MINUTE + 1, id))).toHaveLength(1);
    expect(await escalated(acknowledged(MINUTE, 'another'), acknowledged(MINUTE, ''))).toHaveLength(
      1,
    );
    // A clock that is behind: the acknowledgement is older than its alert.
    expect(await escalated(acknowledged(-5 * SECOND, id))).toEqual([]);
  });

  it('compares a late reading with the newest one that is not after it, and judges no other', async () => {
    const alerts = await alertsOf(
      signs(0),
      signs(MINUTE, { pulse: 135 }),
      signs(3 * MINUTE, { pulse: 135 }),
      // Late: once as it was then, once not.
      signs(2 * MINUTE, { pulse: 135 }),
      signs(MINUTE - 1, SICK),
      signs(4 * MINUTE, { pulse: 135 }),
    );
    expect(alerts.map(({ level, alertId, escalated }) => [level, alertId, escalated])).toEqual([
      ['single', `a/b/${at(MINUTE)}`, false],
      ['high', `a/b/${at(MINUTE - 1)}`, false],
    ]);
  });

  it('gives what a naive reading of the rules gives, of readings in order and late', async () => {
    const seen = new Set<string>();
    for (const seed of [1, 2, 3, 4]) {
      const draw = sample.drawing(seed);
      const log = drawn(draw);
      const acknowledgements = log.flatMap(({ value: { patientId, time } }) => {
        const wait = [-MINUTE, MINUTE, 5 * MINUTE, 5 * MINUTE + 1][draw(4)]!;
        const id = `${patientId}/${time}`;
        const ms = Date.parse(time) - sample.START + wait;
        return draw(2) === 0 ? [acknowledged(ms, id)] : [];
      });
      acknowledgements.sort((one, other) => (one.value.time < other.value.time ? -1 : 1));
      const alerts = await alertsOf(...log, ...acknowledgements);
      const expected = naive(log, acknowledgements);
      expect(alerts.map(told).sort(ascending)).toEqual(expected.map(told).sort(ascending));
      for (const alert of expected) seen.add(`${alert.level} ${alert.escalated}`);
    }
    expect(seen).toEqual(
      new Set(['low false', 'single false', 'medium false', 'high false', 'high true']),
    );
  });
});

const LEVELS = {
  low: {},
  single: { pulse: 135 },
  medium: { systolic: 90, oxygen: true },
  high: SICK,
} as const;
type Drawn = ReturnType<typeof signs> & { readonly level: keyof typeof LEVELS };

/** Readings of three patients, out of order within the lateness; one in eight by more. */
function drawn(draw: (limit: number) => number): Drawn[] {
  return Array.from({ length: 300 }, (_, index) => {
    const level = (['low', 'single', 'medium', 'high'] as const)[draw(4)]!;
    const ms = index * 20 * SECOND + draw(9_000) - (draw(8) === 0 ? (1 + draw(9)) * MINUTE : 0);
    const reading = { ...signs(ms, LEVELS[level], `p${draw(3)}`), level };
    return { reading, written: index * 20 * SECOND + draw(25) * SECOND };
  })
    .sort((one, other) => one.written - other.written)
    .map(({ reading }) => reading);
}

function naive(log: readonly Drawn[], acknowledgements: ReturnType<typeof acknowledged>[]) {
  const onTime: Drawn[] = [];
  const late: Drawn[] = [];
  let newest = -Infinity;
  for (const reading of log) {
    const ms = Date.parse(reading.value.time);
    (newest - ms > 10 * SECOND ? late : onTime).push(reading);
    newest = Math.max(newest, ms);
  }
  return log.flatMap((reading) => {
    const { patientId, time } = reading.value;
    const before = onTime
      .filter(({ value }) => value.patientId === patientId && value.time <= time)
      .filter((other) => other !== reading)
      .sort((one, other) => ascending(one.value.time, other.value.time))
      .at(-1);
    const { level } = reading;
    if (level === (before?.level ?? 'low')) return [];
    const score = { low: 0, single: 3, medium: 5, high: 8 }[level];
    const alertId = `${patientId}/${time}`;
    const alert = { alertId, level, score, escalated: false };
    const until = Date.parse(time) + 5 * MINUTE;
    const isAcknowledged = acknowledgements.some(
      ({ value }) => value.alertId === alertId && Date.parse(value.time) <= until,
    );
    const escalates = level === 'high' && !isAcknowledged && onTime.includes(reading);
    return escalates ? [alert, { ...alert, escalated: true }] : [alert];
  });
}

function told({ alertId, level, score, escalated }: Alert): string {
  return `${alertId} ${level} ${score} ${escalated}`;
}

function ascending(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
