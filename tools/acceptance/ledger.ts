import type { Producer } from 'kafkajs';
import { Ledger } from '@penstock/testing';
import { kafkaJs } from './kafka-reader.ts';

/** A kafkajs producer that writes down what it tried and what was acknowledged, over any fault. */
export class LedgerProducer implements AsyncDisposable {
  readonly ledger: Ledger;
  readonly #name: string;
  readonly #producer: Producer;
  readonly #topic: string;
  readonly #partitions: number;
  #running: Promise<void> | undefined;
  #stop = false;

  constructor(
    bootstrapServers: string,
    topic: string,
    partitions: number,
    { ledger = new Ledger(), name = 'kafkajs' } = {},
  ) {
    this.ledger = ledger;
    this.#name = name;
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
    for (let round = 0; !this.#stop; round++) {
      const partition = round % this.#partitions;
      const values = Array.from({ length: 10 }, () => this.ledger.attempt(this.#name));
      try {
        const [answer] = await this.#producer.send({
          topic: this.#topic,
          acks: -1,
          timeout: 5000,
          messages: values.map((value) => ({ partition, value })),
        });
        const base = Number(answer!.baseOffset);
        values.forEach((value, index) => this.ledger.acknowledge(partition, base + index, value));
      } catch {
        this.ledger.failures++;
        // The client keeps its broken connection; connecting again finds the broker.
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
