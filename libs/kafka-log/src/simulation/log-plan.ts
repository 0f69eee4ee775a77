import type { Random } from '../faults/random.ts';
import type { LogConfig } from '../log-config.ts';
import { defaultLogConfig } from '../log-config.ts';

export type LogAction =
  | 'append'
  | 'read'
  | 'wait'
  | 'checkAll'
  | 'deleteRecords'
  | 'retention'
  | 'compact'
  | 'recreate'
  | 'restart'
  | 'kill'
  | 'losePower'
  | 'crashSoon'
  | 'trouble'
  | 'jump';

/** What one schedule does and with what; drawn for each seed. */
export interface LogPlan {
  readonly steps: number;
  readonly partitionCount: number;
  readonly producersPerPartition: number;
  readonly config: LogConfig;
  readonly openFilesMax: number;
  readonly keepsReserve: boolean;
  readonly syncDelayMs: number;
  readonly retentionCheckIntervalMs: number;
  /** Number of keys to draw from; 0: records have none. */
  readonly keys: number;
  readonly valueBytesMax: number;
  readonly bitFlipChance: number;
  readonly weights: Readonly<Record<LogAction, number>>;
}

/**
 * A plan. Each seed leaves some actions out: a schedule that repeats a few actions finds more than
 * one that always mixes all of them.
 */
export function planOf(random: Random): LogPlan {
  const maybe = (weight: number): number => (random.chance(0.6) ? weight * random.next() * 2 : 0);
  const isCompacted = random.chance(0.3);
  // Segments hold four records of the largest size at least: a larger batch is refused.
  const [segmentBytes, valueBytesMax] = random.pick([
    [450, 10],
    [1000, 100],
    [4000, 600],
    [20_000, 700],
  ] as const);
  return {
    steps: random.pick([60, 120, 200]),
    partitionCount: 1 + random.below(3),
    producersPerPartition: 1 + random.below(3),
    config: {
      ...defaultLogConfig,
      segmentBytes,
      segmentMs: random.pick([50, 5000, defaultLogConfig.segmentMs]),
      indexIntervalBytes: random.pick([1, 200, 4096]),
      retentionBytes: random.pick([-1, -1, 3000]),
      retentionMs: random.pick([-1, 300, defaultLogConfig.retentionMs]),
      messageTimestampAfterMaxMs: Infinity,
      messageTimestampType: random.pick(['CreateTime', 'CreateTime', 'LogAppendTime']),
      cleanupPolicy: isCompacted
        ? random.pick([['compact'], ['compact', 'delete']] as const)
        : ['delete'],
    },
    openFilesMax: random.pick([4, 100]),
    keepsReserve: random.chance(0.5),
    syncDelayMs: random.pick([0, 1, 7, 40]),
    retentionCheckIntervalMs: random.pick([50, 300_000]),
    keys: isCompacted ? 1 + random.below(8) : random.pick([0, 5]),
    valueBytesMax,
    bitFlipChance: random.pick([0, 0, 0.5]),
    weights: {
      append: 50,
      read: 15,
      wait: 15,
      checkAll: 3,
      deleteRecords: maybe(4),
      retention: maybe(4),
      compact: isCompacted ? maybe(8) : 0,
      recreate: maybe(2),
      restart: maybe(3),
      kill: maybe(3),
      losePower: maybe(3),
      crashSoon: maybe(6),
      trouble: maybe(6),
      jump: maybe(1),
    },
  };
}
