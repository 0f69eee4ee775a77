import { keyOf, type PartitionPosition } from '../partition-reader.ts';
import type { BytesConsumer, KafkaPort } from '../runtime-ports.ts';
import { replaceMembers } from './member-replacement.ts';
import { ASSIGNOR, copartitioned } from './partition-assignor.ts';

/**
 * Membership in a consumer group, and the offsets committed in its name.
 *
 * Only offsets whose output is acknowledged are given to `commit`, so a commit never skips a
 * record. A commit that arrives after the partition went to another member at worst sets the group
 * back, and records are processed twice.
 */

const SESSION_TIMEOUT_MS = 10_000;
const REBALANCE_TIMEOUT_MS = 30_000;
const HEARTBEAT_MS = 2_000;
/** A commit is durable before it is answered; one in this many ms is enough for a restart. */
const COMMIT_INTERVAL_MS = 50;
const NO_COMMITTED_OFFSET = -1n;

/** A partition that the group gave to this member, and what its log holds. */
export interface AssignedPartition {
  readonly topic: string;
  readonly partition: number;
  /** Null when the group never committed one. */
  readonly committed: number | null;
  readonly startOffset: number;
  readonly endOffset: number;
}

export class GroupMember {
  readonly #kafka: KafkaPort;
  readonly #groupId: string;
  readonly #consumer: BytesConsumer;
  readonly #topics: string[];
  readonly #uncommitted = new Map<string, PartitionPosition>();
  #partitionCounts = new Map<string, number>();
  #joins = 0;
  #committing: Promise<boolean> | null = null;
  #commitTimer: NodeJS.Timeout | null = null;
  #closing = false;
  #failure: Error | null = null;

  constructor(
    kafka: KafkaPort,
    groupId: string,
    options: {
      readonly topics: readonly string[];
      readonly onMember?: (memberId: string) => void;
    },
  ) {
    this.#kafka = kafka;
    this.#groupId = groupId;
    this.#topics = [...options.topics];
    this.#consumer = kafka.consumer(groupId, {
      autocommit: false,
      sessionTimeout: SESSION_TIMEOUT_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      protocols: [{ name: ASSIGNOR, version: 1 }],
      partitionAssigner: copartitioned,
    });
    this.#consumer.on('error', (error: Error) => this.#fail(error));
    this.#consumer.on('consumer:heartbeat:stalled', ({ lastError }) =>
      this.#fail(lastError ?? new Error('the group no longer takes our heartbeats')),
    );
    this.#consumer.on('consumer:group:join', () => {
      this.#joins += 1;
      if (this.#consumer.memberId !== null) options.onMember?.(this.#consumer.memberId);
    });
    this.#consumer.topics.trackAll(...this.#topics);
  }

  /** Throws when the membership was lost and the client did not get it back. */
  throwIfFailed(): void {
    if (this.#failure !== null) {
      throw this.#failure;
    }
  }

  /** Counts the assignments from the group; after a change the positions have to be read again. */
  get joins(): number {
    return this.#joins;
  }

  /** @param replaces members that do not answer any more, whose place this one takes */
  async join(replaces: readonly string[] = []): Promise<void> {
    this.#partitionCounts = await this.#countPartitions();
    const joined = this.#consumer.joinGroup({});
    if (replaces.length > 0) {
      void replaceMembers(this.#kafka, { groupId: this.#groupId, replaces, joined });
    }
    await joined;
  }

  /** Joins again when a topic got new partitions, which are not assigned to any member yet. */
  async rejoinIfTopicsGrew(): Promise<void> {
    const counts = await this.#countPartitions();
    const grew = [...counts].some(
      ([topic, count]) => count > (this.#partitionCounts.get(topic) ?? 0),
    );
    if (grew && this.#consumer.isActive()) {
      this.#partitionCounts = counts;
      await this.#consumer.joinGroup({});
    }
  }

  /** Partitions of each topic, as they were when the group was joined. */
  get partitionCounts(): ReadonlyMap<string, number> {
    return this.#partitionCounts;
  }

  /** The partitions of this member, with the group's offsets and the bounds of their logs. */
  async assigned(): Promise<AssignedPartition[]> {
    const assignments = (this.#consumer.assignments ?? []).filter(
      ({ partitions }) => partitions.length > 0,
    );
    if (assignments.length === 0) {
      return [];
    }
    const topics = assignments.map(({ topic }) => topic);
    const [committed, first, last] = await Promise.all([
      this.#consumer.listCommittedOffsets({
        topics: assignments.map(({ topic, partitions }) => ({
          topic,
          partitions: [...partitions],
        })),
      }),
      this.#consumer.listOffsets({ topics, timestamp: -2n }),
      this.#consumer.listOffsets({ topics, timestamp: -1n }),
    ]);
    return assignments.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => {
        const offset = committed.get(topic)?.[partition] ?? NO_COMMITTED_OFFSET;
        const start = first.get(topic)?.[partition] ?? 0n;
        return {
          topic,
          partition,
          committed: offset < 0n ? null : Number(offset),
          startOffset: Number(start),
          endOffset: Number(last.get(topic)?.[partition] ?? start),
        };
      }),
    );
  }

  /** Remembers positions whose output is acknowledged; they are committed together, soon. */
  commit(positions: Iterable<PartitionPosition>): void {
    for (const position of positions) {
      this.#uncommitted.set(keyOf(position), position);
    }
    if (this.#commitTimer === null && this.#uncommitted.size > 0) {
      this.#commitTimer = setTimeout(() => {
        this.#commitTimer = null;
        this.flush().catch((error: unknown) => this.#fail(error as Error));
      }, COMMIT_INTERVAL_MS);
    }
  }

  /**
   * Commits everything given to `commit`. Resolves with false when the group is just being assigned
   * anew, so that it took nothing.
   */
  async flush(): Promise<boolean> {
    if (this.#commitTimer !== null) {
      clearTimeout(this.#commitTimer);
      this.#commitTimer = null;
    }
    while (this.#committing !== null) {
      await this.#committing;
    }
    const commit = this.#commitNow();
    this.#committing = commit;
    try {
      return await commit;
    } finally {
      this.#committing = null;
    }
  }

  /** Leaves the group, so that the others take over at once. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#commitTimer !== null) {
      clearTimeout(this.#commitTimer);
    }
    await this.#kafka.release(this.#consumer);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
  }

  async #commitNow(): Promise<boolean> {
    if (this.#uncommitted.size === 0) {
      return true;
    }
    // While the group rebalances, a commit is refused and would make the client join once more. The
    // next assignment reads the committed offsets; records whose commit is lost here are processed
    // twice.
    if (this.#closing || !this.#consumer.isActive()) {
      return false;
    }
    const given = [...this.#uncommitted.values()];
    const offsets = given.filter((position) => this.#isOurs(position));
    this.#uncommitted.clear();
    if (offsets.length === 0) {
      return false;
    }
    await this.#consumer.commit({
      offsets: offsets.map(({ topic, partition, offset }) => ({
        topic,
        partition,
        offset: BigInt(offset),
        leaderEpoch: -1,
      })),
    });
    return offsets.length === given.length;
  }

  #isOurs({ topic, partition }: PartitionPosition): boolean {
    return (this.#consumer.assignments ?? []).some(
      (assignment) => assignment.topic === topic && assignment.partitions.includes(partition),
    );
  }

  async #countPartitions(): Promise<Map<string, number>> {
    const { topics } = await this.#consumer.metadata({ topics: this.#topics });
    return new Map([...topics].map(([topic, { partitionsCount }]) => [topic, partitionsCount]));
  }
}
