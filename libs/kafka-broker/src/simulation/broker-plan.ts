import type { Random } from '@penstock/kafka-log/faults';
import type { AdminWeights } from './admin-actor.ts';

export type Trouble =
  | 'kill'
  | 'losePower'
  | 'crashSoon'
  | 'restart'
  | 'full'
  | 'syncFails'
  | 'shortWrites'
  | 'slowDisk'
  | 'storeFails'
  | 'slowStore'
  | 'network'
  | 'jump'
  | 'heal'
  | 'compact'
  | 'retention';

/** What one schedule does and with what; drawn anew for each seed. */
export interface BrokerPlan {
  readonly lengthMs: number;
  readonly names: readonly string[];
  readonly partitionsMax: number;
  readonly producers: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly isIdempotent: boolean;
    readonly acks: -1 | 0 | 1;
    readonly pauseMs: number;
  }[];
  readonly readers: number;
  readonly members: readonly { readonly group: string; readonly instanceId: string | null }[];
  readonly settings: Readonly<Record<string, string>>;
  readonly syncDelayMs: number;
  readonly commitMs: number;
  readonly troubleEveryMs: number;
  readonly losesPower: boolean;
  readonly troubles: Readonly<Record<Trouble, number>>;
  /** Administrators at work on the same topics. */
  readonly admins: number;
  readonly adminPauseMs: number;
  readonly adminWeights: AdminWeights;
}

/** A plan; each seed leaves some troubles and tasks out, so that others are seen more often. */
export function brokerPlanOf(random: Random, durability: 'fsync' | 'os'): BrokerPlan {
  const maybe = (weight: number): number => (random.chance(0.6) ? weight * random.next() * 2 : 0);
  const names = ['orders', 'orders.eu'].slice(0, 1 + random.below(2));
  const partitionsMax = 1 + random.below(3);
  // In os mode a sync that failed and a power loss together may damage what seemed durable.
  const losesPower = durability === 'fsync' || random.chance(0.5);
  const failsSyncs = durability === 'fsync' || !losesPower;
  return {
    lengthMs: random.pick([1000, 2500, 6000]),
    names,
    partitionsMax,
    producers: Array.from({ length: 1 + random.below(4) }, () => {
      const isIdempotent = random.chance(0.5);
      return {
        topic: random.pick(names),
        partition: random.below(partitionsMax),
        isIdempotent,
        acks: isIdempotent ? -1 : random.pick([-1, 1, 0] as const),
        pauseMs: random.pick([10, 60, 300]),
      };
    }),
    readers: 1 + random.below(2),
    members: Array.from({ length: random.below(4) }, (_, i) => ({
      group: 'billing',
      instanceId: random.chance(0.3) ? `instance-${i}` : null,
    })),
    settings: {
      'group.initial.rebalance.delay.ms': String(random.pick([0, 200])),
      'log.retention.check.interval.ms': String(random.pick([500, 300_000])),
      'auto.create.topics.enable': 'false',
    },
    syncDelayMs: random.pick([0, 1, 8, 30]),
    commitMs: random.pick([1, 5, 50]),
    troubleEveryMs: random.pick([100, 400, 1500]),
    losesPower,
    troubles: {
      kill: maybe(3),
      losePower: maybe(3),
      crashSoon: maybe(5),
      restart: maybe(2),
      full: maybe(2),
      syncFails: failsSyncs ? maybe(2) : 0,
      shortWrites: maybe(1),
      slowDisk: maybe(1),
      storeFails: maybe(2),
      slowStore: maybe(2),
      network: maybe(3),
      jump: maybe(1),
      heal: 3,
      compact: maybe(6),
      retention: maybe(2),
    },
    admins: 1 + random.below(3),
    adminPauseMs: random.pick([3, 120]),
    adminWeights: {
      look: 2,
      create: maybe(1),
      delete: maybe(1),
      grow: maybe(1),
      configure: maybe(2),
      describe: 1,
      deleteRecords: maybe(2),
    },
  };
}
