import type { BytesConsumer, KafkaPort } from './runtime-ports.ts';
import type { PartitionPosition } from './partition-reader.ts';
import { keyOf } from './partition-reader.ts';

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

export class GroupMember {
  readonly #kafka: KafkaPort;
  readonly #consumer: BytesConsumer;
  readonly #topics: string[];
  readonly #uncommitted = new Map<string, PartitionPosition>();
  #partitionCounts = new Map<string, number>();
  #joins = 0;
  #committing: Promise<void> | null = null;
  #commitTimer: NodeJS.Timeout | null = null;
  #closing = false;
  #failure: Error | null = null;

  constructor(kafka: KafkaPort, groupId: string, topics: readonly string[]) {
    this.#kafka = kafka;
    this.#topics = [...topics];
    this.#consumer = kafka.consumer(groupId, {
      autocommit: false,
      sessionTimeout: SESSION_TIMEOUT_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
    });
    this.#consumer.on('error', (error: Error) => this.#fail(error));
    this.#consumer.on('consumer:heartbeat:stalled', ({ lastError }) =>
      this.#fail(lastError ?? new Error('the group no longer takes our heartbeats')),
    );
    this.#consumer.on('consumer:group:join', () => {
      this.#joins += 1;
    });
    this.#consumer.topics.trackAll(...topics);
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

  async join(): Promise<void> {
    this.#partitionCounts = await this.#countPartitions();
    await this.#consumer.joinGroup({});
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

  /**
   * Where to continue in the assigned partitions: at the committed offset, or else at the log
   * start, so that a new group begins with everything there is. An offset that the log does not
   * hold (its records were deleted, or the topic was created anew) is replaced by the log start
   * too.
   */
  async positions(): Promise<{ positions: PartitionPosition[]; moved: PartitionPosition[] }> {
    const assignments = (this.#consumer.assignments ?? []).filter(
      ({ partitions }) => partitions.length > 0,
    );
    if (assignments.length === 0) {
      return { positions: [], moved: [] };
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
    const positions: PartitionPosition[] = [];
    const moved: PartitionPosition[] = [];
    for (const { topic, partitions } of assignments) {
      for (const partition of partitions) {
        const start = first.get(topic)?.[partition] ?? 0n;
        const end = last.get(topic)?.[partition] ?? start;
        const offset = committed.get(topic)?.[partition] ?? NO_COMMITTED_OFFSET;
        const held = offset >= start && offset <= end;
        positions.push({ topic, partition, offset: Number(held ? offset : start) });
        if (!held && offset >= 0n) {
          moved.push({ topic, partition, offset: Number(offset) });
        }
      }
    }
    return { positions, moved };
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

  /** Resolves when everything given to `commit` is committed. */
  async flush(): Promise<void> {
    if (this.#commitTimer !== null) {
      clearTimeout(this.#commitTimer);
      this.#commitTimer = null;
    }
    while (this.#committing !== null) {
      await this.#committing;
    }
    this.#committing = this.#commitNow();
    try {
      await this.#committing;
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

  async #commitNow(): Promise<void> {
    // While the group rebalances, a commit is refused and would make the client join once more. The
    // next assignment reads the committed offsets; records whose commit is lost here are processed
    // twice.
    if (this.#uncommitted.size === 0 || this.#closing || !this.#consumer.isActive()) {
      return;
    }
    const offsets = [...this.#uncommitted.values()].filter((position) => this.#isOurs(position));
    this.#uncommitted.clear();
    if (offsets.length === 0) {
      return;
    }
    await this.#consumer.commit({
      offsets: offsets.map(({ topic, partition, offset }) => ({
        topic,
        partition,
        offset: BigInt(offset),
        leaderEpoch: -1,
      })),
    });
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
