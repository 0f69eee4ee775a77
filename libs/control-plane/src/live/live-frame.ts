import type { ProcessorView } from '../processors/index.ts';
import type { ProcessEntry } from '../system/process-table.ts';
import type { GroupFigures, TopicFigures, TotalFigures } from './live-figures.ts';

export type LiveRunState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled';

export interface LiveRun {
  readonly id: string;
  readonly job: string;
  readonly state: LiveRunState;
  readonly attempt: number;
  readonly recordsRead: number;
  readonly recordsTotal: number;
  /** What it waits for while it runs; null while it gets on. */
  readonly obstacle: string | null;
}

/** What goes on besides the cluster: our own processors, runs, processes. */
export interface WorkFigures {
  readonly processors: readonly ProcessorView[];
  /** Runs that wait or run, and those that ended within the last half minute. */
  readonly runs: readonly LiveRun[];
  readonly runsActive: number;
  readonly workersAlive: number;
  readonly processes: readonly ProcessEntry[];
  /** Whether Redis does what batch jobs need. */
  readonly redisConnected: boolean;
  /** Why it does not, and what to do; null when it does. */
  readonly redisError: string | null;
  /** Why control.db cannot be written; the workers' figures are then the last ones reported. */
  readonly databaseError: string | null;
}

/** All figures of one moment, made once a second for all readers. */
export interface LiveFrame extends Omit<WorkFigures, 'runsActive'> {
  /** Boot id of this server: when it changes, `seq` starts anew and earlier frames do not count. */
  readonly epoch: string;
  readonly seq: number;
  /** ms since epoch */
  readonly at: number;
  /** Why the cluster could not be asked; then every figure of it is null. */
  readonly brokerError: string | null;
  readonly totals: TotalFigures & { readonly runsActive: number };
  readonly topics: readonly TopicFigures[];
  readonly groups: readonly GroupFigures[];
}
