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
});
