import { fraction, rounded } from './exact-number.ts';

/** What a patient's monitor measures at one moment. */
export interface Measurement {
  readonly respirationRate: number;
  readonly spo2: number;
  readonly oxygen: boolean;
  readonly systolic: number;
  readonly pulse: number;
  readonly consciousness: 'A' | 'C' | 'V' | 'P' | 'U';
  readonly temperatureC: number;
}

export type Points = Readonly<Record<keyof Measurement, number>>;
export type Level = 'low' | 'single' | 'medium' | 'high';

/** Up to and including a value, so many points; the last row holds for all above. */
type Scale = ReadonlyArray<readonly [upTo: number, points: number]>;

const RESPIRATION: Scale = [
  [8, 3],
  [11, 1],
  [20, 0],
  [24, 2],
  [Infinity, 3],
];
const SPO2: Scale = [
  [91, 3],
  [93, 2],
  [95, 1],
  [Infinity, 0],
];
const SYSTOLIC: Scale = [
  [90, 3],
  [100, 2],
  [110, 1],
  [219, 0],
  [Infinity, 3],
];
const PULSE: Scale = [
  [40, 3],
  [50, 1],
  [90, 0],
  [110, 1],
  [130, 2],
  [Infinity, 3],
];
const TEMPERATURE: Scale = [
  [35, 3],
  [36, 1],
  [38, 0],
  [39, 1],
  [Infinity, 2],
];

/**
 * Points by the National Early Warning Score 2 (Royal College of Physicians, 2017), with its scale
 * 1 for SpO₂. The temperature is first rounded to a tenth, half up.
 */
export function pointsOf(measured: Measurement): Points {
  return {
    respirationRate: onScale(RESPIRATION, measured.respirationRate),
    spo2: onScale(SPO2, measured.spo2),
    oxygen: measured.oxygen ? 2 : 0,
    systolic: onScale(SYSTOLIC, measured.systolic),
    pulse: onScale(PULSE, measured.pulse),
    consciousness: measured.consciousness === 'A' ? 0 : 3,
    temperatureC: onScale(TEMPERATURE, rounded(fraction(measured.temperatureC), 1)),
  };
}

export function scoreOf(points: Points): number {
  return Object.values(points).reduce((sum, each) => sum + each, 0);
}

/** How urgently the score asks for an answer. */
export function levelOf(points: Points): Level {
  const score = scoreOf(points);
  if (score >= 7) return 'high';
  if (score >= 5) return 'medium';
  return Object.values(points).includes(3) ? 'single' : 'low';
}

function onScale(scale: Scale, value: number): number {
  return scale.find(([upTo]) => value <= upTo)?.[1] ?? 0;
}
