import type { Clock, PartitionLog } from '@penstock/kafka-log';

/** A partition that a parked Fetch waits for. */
export interface AwaitedPartition {
  readonly log: PartitionLog;
  readonly fetchOffset: number;
  readonly bytesMax: number;
}

export interface ParkOptions {
  readonly partitions: readonly AwaitedPartition[];
  readonly minBytes: number;
  readonly maxWaitMs: number;
  /** Registers a callback for the end of the connection; returns the way to take it back. */
  readonly onDisconnect: (listener: () => void) => () => void;
}

/**
 * Fetches that wait for `min.bytes` (Kafka: `DelayedFetch`). One wakes when a rise of a high
 * watermark completes the bytes it asked for, when its time is up, when its connection is gone and
 * when the broker says so.
 */
export class ParkedFetches {
  readonly #clock: Clock;
  readonly #parked = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#parked.size;
  }

  /** Resolves when the Fetch should look again and answer with what there is. */
  park(options: ParkOptions): Promise<void> {
    return new Promise((resolve) => {
      const releases: (() => void)[] = [];
      const wake = (): void => {
        if (!this.#parked.delete(wake)) return;
        for (const release of releases) release();
        resolve();
      };
      this.#parked.add(wake);
      const timer = this.#clock.schedule(options.maxWaitMs, wake);
      releases.push(() => timer.cancel(), options.onDisconnect(wake));
      const bytes = options.partitions.map(() => 0);
      let total = 0;
      for (const [index, partition] of options.partitions.entries()) {
        const listener = (): void => {
          const now = recordBytes(partition);
          total += now - (bytes[index] ?? 0);
          bytes[index] = now;
          if (total >= options.minBytes) wake();
        };
        bytes[index] = recordBytes(partition);
        total += bytes[index];
        releases.push(partition.log.onHighWatermark(listener));
      }
    });
  }

  /** Wakes all: a topic is gone, or the broker stops. */
  wakeAll(): void {
    for (const wake of [...this.#parked]) wake();
  }
}

/**
 * What a partition contributes to the bytes that a Fetch waits for. Batches without records at the
 * log's end do not count: a reader that goes on behind its last record would be answered for ever
 * with nothing.
 */
export function recordBytes({ log, fetchOffset, bytesMax }: AwaitedPartition): number {
  return Math.min(log.recordBytes(fetchOffset), bytesMax);
}
