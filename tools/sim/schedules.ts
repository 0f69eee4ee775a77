import { runBrokerSchedule } from '@penstock/kafka-broker/simulation';
import type { ScheduleOutcome } from '@penstock/kafka-log/faults';
import { runLogSchedule } from '@penstock/kafka-log/simulation';

export const levels = ['log', 'broker'] as const;
export type Level = (typeof levels)[number];
export type Mode = 'fsync' | 'os';

/** Plays one schedule; never rejects. */
export function playSchedule(
  level: Level,
  mode: Mode,
  seed: number,
  print?: (line: string) => void,
): Promise<ScheduleOutcome> {
  const options = { seed, durability: mode, ...(print && { print }) };
  return level === 'log' ? runLogSchedule(options) : runBrokerSchedule(options);
}
