import type { Producer } from 'kafkajs';
import { kafkaJs, type ReadRecord } from './kafka-reader.ts';

export interface Acknowledged {
  partition: number;
  offset: number;
  value: string;
}

/**
 * A producer that writes down what it tried and what was acknowledged, over any fault.
 *
 * After the faults: acknowledged ⊆ read (nothing lost), read ⊆ attempted (nothing invented). What failed
 * with an error may be there or not.
 */
export class LedgerProducer implements AsyncDisposable {
  readonly attempted = new Set<string>();
  readonly acknowledged: Acknowledged[] = [];
  failures = 0;
  readonly #producer: Producer;
  readonly #topic: string;
  readonly #partitions: number;
  #running: Promise<void> | undefined;
  #stop = false;
  #sequence = 0;

  constructor(bootstrapServers: string, topic: string, partitions: number) {
    this.#topic = topic;
    this.#partitions = partitions;
    const retry = { initialRetryTime: 50, maxRetryTime: 300, retries: 2 };
    this.#producer = kafkaJs(bootstrapServers).producer({ retry });
  }

  async start(): Promise<void> {
    await this.#producer.connect();
    this.#running = this.#run();
  }

  /** Ends the load once the batch under way has been answered. */
  async stop(): Promise<void> {
    this.#stop = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop) {
      const partition = this.#sequence % this.#partitions;
      const values = Array.from({ length: 10 }, () => `value-${this.#sequence++}`);
      for (const value of values) this.attempted.add(value);
      try {
        const [answer] = await this.#producer.send({
          topic: this.#topic,
          acks: -1,
          timeout: 5000,
          messages: values.map((value) => ({ partition, value })),
        });
        const base = Number(answer!.baseOffset);
        values.forEach((value, index) =>
          this.acknowledged.push({ partition, offset: base + index, value }),
        );
      } catch {
        this.failures++;
        // The client keeps a connection that is gone; a new one finds the broker again.
        await this.#producer.connect().catch(() => undefined);
      }
      // Leaves the two cores to what is being tested.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#producer.disconnect().catch(() => undefined);
  }
}

/** One line per contradiction between what was promised and what is there. */
export function contradictions(ledger: LedgerProducer, read: readonly ReadRecord[]): string[] {
  const byPlace = new Map(read.map((record) => [`${record.partition}/${record.offset}`, record]));
  const found = ledger.acknowledged
    .filter(
      ({ partition, offset, value }) => byPlace.get(`${partition}/${offset}`)?.value !== value,
    )
    .map(({ partition, offset, value }) => `lost: ${value} at ${partition}/${offset}`);
  for (const { value, partition, offset } of read) {
    if (!ledger.attempted.has(value!)) found.push(`invented: ${value} at ${partition}/${offset}`);
  }
  if (byPlace.size !== read.length) found.push('an offset was read with two records');
  return found;
}
