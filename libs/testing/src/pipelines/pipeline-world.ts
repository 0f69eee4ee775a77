import type { KafkaPort } from '@penstock/pipelines';
import { Admin, Consumer, Producer } from '@platformatic/kafka';
import { temporaryFolder, TestBroker, type TemporaryFolder } from '../index.ts';

// An entry of its own (@penstock/testing/pipeline-world): it loads a Kafka client.

/** What the engine of pipelines runs on: a real broker with clients, and a folder for states. */
export class PipelineWorld implements AsyncDisposable {
  readonly broker: TestBroker;
  readonly kafka: KafkaPort;
  /** Called before and after each send; may throw. */
  fault: () => void = () => {};
  readonly #folder: TemporaryFolder;

  private constructor(broker: TestBroker, folder: TemporaryFolder) {
    this.broker = broker;
    this.#folder = folder;
    const base = {
      clientId: 'test',
      bootstrapBrokers: [broker.bootstrap],
      retries: 5,
      retryDelay: 100,
    };
    const admin = new Admin(base);
    this.kafka = {
      admin: () => admin,
      producer: (settings) => this.#faulty(new Producer({ ...base, ...settings })),
      consumer: (groupId, settings) => new Consumer({ ...base, ...settings, groupId }),
      release: async (client) => {
        await client.close(true);
      },
    };
  }

  static async start(): Promise<PipelineWorld> {
    return new PipelineWorld(await TestBroker.start(), await temporaryFolder());
  }

  get folder(): string {
    return this.#folder.path;
  }

  async createTopics(topics: readonly string[], partitions: number): Promise<void> {
    await this.kafka.admin().createTopics({ topics: [...topics], partitions, replicas: 1 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kafka.admin().close();
    await this.broker[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }

  #faulty(producer: ReturnType<KafkaPort['producer']>): ReturnType<KafkaPort['producer']> {
    const send = producer.send.bind(producer);
    producer.send = (async (...args: Parameters<typeof send>) => {
      this.fault();
      const sent = await send(...args);
      this.fault();
      return sent;
    }) as typeof producer.send;
    return producer;
  }
}
