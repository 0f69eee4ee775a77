import type { OnApplicationShutdown } from '@nestjs/common';
import {
  Admin,
  Consumer,
  Producer,
  type ConsumerOptions,
  type ProducerOptions,
} from '@platformatic/kafka';
import type { Config } from '../configuration/config.ts';
import type { PinoLogger } from '../logging/logger.ts';
import { murmur2 } from './partitioner.ts';

/** Clients whose keys, values and headers are the bytes as they are on the log. */
export type BytesProducer = Producer<Buffer, Buffer, Buffer, Buffer>;
export type BytesConsumer = Consumer<Buffer, Buffer, Buffer, Buffer>;

type Overrides<T> = Partial<Omit<T, 'clientId' | 'bootstrapBrokers' | 'groupId'>>;
export type ProducerSettings = Overrides<ProducerOptions<Buffer, Buffer, Buffer, Buffer>>;
export type ConsumerSettings = Overrides<ConsumerOptions<Buffer, Buffer, Buffer, Buffer>>;

export interface KafkaClientsOptions {
  /** Name of the process, for instance `worker`; brokers show it as the client id. */
  readonly name: string;
  readonly config: { readonly kafka: Pick<Config['kafka'], 'bootstrapServers'> };
  readonly logger: PinoLogger;
}

interface Closable {
  close(force?: boolean): Promise<unknown>;
}

/** A broker that restarts is back within seconds: many short attempts find it soonest. */
const RETRIES = 12;
const RETRY_DELAY_MS = 250;
const CONNECT_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 15_000;
const METADATA_AGE_MAX_MS = 30_000;
const CLOSE_DEADLINE_MS = 5_000;

/**
 * Makes the Kafka clients of a process, for the embedded broker and for a cluster alike, and closes
 * them when the application ends. A client outlives its broker: it abandons a broken connection,
 * and the next call opens another, retrying for about three seconds before it fails.
 */
export class KafkaClients implements OnApplicationShutdown {
  readonly #options: KafkaClientsOptions;
  readonly #open = new Set<Closable>();
  #admin: Admin | undefined;
  #closed = false;

  constructor(options: KafkaClientsOptions) {
    this.#options = options;
  }

  /** The process's one administrative client. */
  admin(): Admin {
    this.#admin ??= this.#track(new Admin(this.#base()));
    return this.#admin;
  }

  /** A new producer; `release` it when it is no longer used before the application ends. */
  producer(settings: ProducerSettings = {}): BytesProducer {
    const partitioner = javaPartitioner();
    return this.#track(new Producer({ ...this.#base(), partitioner, ...settings }));
  }

  /** A new member-to-be of a group; `release` it when it is no longer used. */
  consumer(groupId: string, settings: ConsumerSettings = {}): BytesConsumer {
    return this.#track(new Consumer({ ...this.#base(), ...settings, groupId }));
  }

  /**
   * Closes a client that this object made. Errors are logged: the client is unusable either way.
   */
  async release(client: Closable): Promise<void> {
    if (!this.#open.delete(client)) return;
    if (client === this.#admin) this.#admin = undefined;
    await closeWithin(client, this.#options.logger);
  }

  /** Closes every client that is still open. */
  async close(): Promise<void> {
    this.#closed = true;
    const open = [...this.#open];
    this.#open.clear();
    await Promise.all(open.map((client) => closeWithin(client, this.#options.logger)));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  #base() {
    if (this.#closed) throw new Error('the Kafka clients of this process are closed');
    const { name, config } = this.#options;
    return {
      clientId: `penstock-${name}`,
      bootstrapBrokers: [...config.kafka.bootstrapServers],
      connectTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      timeout: REQUEST_TIMEOUT_MS,
      retries: RETRIES,
      retryDelay: RETRY_DELAY_MS,
      metadataMaxAge: METADATA_AGE_MAX_MS,
      autocreateTopics: false,
    };
  }

  #track<T extends Closable>(client: T): T {
    this.#open.add(client);
    return client;
  }
}

/**
 * The client's own partitioner keeps the hash's sign bit, which Java masks: the same key would land
 * on another partition than a Java producer's. Records without a key go around the partitions.
 */
function javaPartitioner(): (message: unknown, key: Buffer | undefined) => number {
  let next = 0;
  return (_message, key) => {
    if (key !== undefined && key !== null) return murmur2(key) & 0x7fffffff;
    next = (next + 1) & 0x7fffffff;
    return next;
  };
}

async function closeWithin(client: Closable, logger: PinoLogger): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => resolve('late'), CLOSE_DEADLINE_MS);
  try {
    // `Admin.close` takes a callback where the others take `force`: it would call `true`.
    const closed = client instanceof Admin ? client.close() : client.close(true);
    const outcome = await Promise.race([closed, promise]);
    if (outcome === 'late') logger.warn('a Kafka client did not close in time');
  } catch (error) {
    logger.warn({ err: error }, 'a Kafka client did not close cleanly');
  } finally {
    clearTimeout(timer);
  }
}
