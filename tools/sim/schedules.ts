import { runBrokerSchedule } from '@penstock/kafka-broker/simulation';
import type { ScheduleOutcome } from '@penstock/kafka-log/faults';
import { runLogSchedule } from '@penstock/kafka-log/simulation';
import { runPipelineSchedule } from '@penstock/pipelines/simulation';

export const levels = ['log', 'broker', 'pipelines'] as const;
export type Level = (typeof levels)[number];
export type Mode = 'fsync' | 'os';

/** The modes in which a level is played: a pipeline has no disk of its own. */
export function modesOf(level: Level, chosen: readonly Mode[]): readonly Mode[] {
  return level === 'pipelines' ? chosen.slice(0, 1) : chosen;
}

/** Plays one schedule; never rejects. */
export function playSchedule(
  level: Level,
  mode: Mode,
  seed: number,
  print?: (line: string) => void,
): Promise<ScheduleOutcome> {
  const options = { seed, durability: mode, ...(print && { print }) };
  switch (level) {
    case 'log':
      return runLogSchedule(options);
    case 'broker':
      return runBrokerSchedule(options);
    case 'pipelines':
      return runPipelineSchedule(options);
  }
}
