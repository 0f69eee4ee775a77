import { Broker, type BrokerOptions } from '@penstock/kafka-broker';
import { silentLogger } from '@penstock/kafka-log';
import { join } from 'node:path';
import { MemoryMetadataStore } from './memory-metadata-store.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export interface TestBrokerOptions extends Partial<BrokerOptions> {
  /** Of the listener, where `listeners` does not say others; any free one by default. */
  port?: number;
  /** What its clients are told instead of that port. */
  advertisedPort?: number;
}

/**
 * A real broker in this process, on a free port, its logs in a temporary folder and its metadata in
 * memory: `await using broker = await TestBroker.start()`. Groups rebalance without delay.
 */
export class TestBroker implements AsyncDisposable {
  readonly store: MemoryMetadataStore;
  #broker: Broker;
  readonly #folder: Awaited<ReturnType<typeof temporaryFolder>>;
  readonly #options: TestBrokerOptions;

  private constructor(
    broker: Broker,
    store: MemoryMetadataStore,
    folder: Awaited<ReturnType<typeof temporaryFolder>>,
    options: TestBrokerOptions,
  ) {
    this.#broker = broker;
    this.store = store;
    this.#folder = folder;
    this.#options = options;
  }

  static async start(options: TestBrokerOptions = {}): Promise<TestBroker> {
    const store = new MemoryMetadataStore();
    const folder = await temporaryFolder();
    try {
      const broker = await startBroker(store, folder.path, options);
      return new TestBroker(broker, store, folder, options);
    } catch (error) {
      await folder[Symbol.asyncDispose]();
      throw error;
    }
  }

  get broker(): Broker {
    return this.#broker;
  }

  get port(): number {
    return this.#broker.port;
  }

  /** For a client's configuration. */
  get bootstrap(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Stops the broker and starts another on the same port, files and metadata. */
  async restart(): Promise<void> {
    const { port } = this;
    await this.#broker.stop();
    this.#broker = await startBroker(this.store, this.#folder.path, {
      ...this.#options,
      port,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#broker.stop();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** One listener on loopback. */
function plaintext(port: number, advertisedPort: number | undefined) {
  const hosts = ['127.0.0.1', '::1'];
  return { name: 'PLAINTEXT', hosts, port, advertisedHost: '127.0.0.1', advertisedPort };
}

function startBroker(
  store: MemoryMetadataStore,
  folder: string,
  options: TestBrokerOptions,
): Promise<Broker> {
  return Broker.start({
    listeners: [plaintext(options.port ?? 0, options.advertisedPort)],
    logDirectory: join(folder, 'log'),
    durability: 'os',
    store,
    logger: silentLogger,
    ...options,
    settings: { 'group.initial.rebalance.delay.ms': '0', ...options.settings },
  });
}
