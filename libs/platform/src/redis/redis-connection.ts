import type { OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { PinoLogger } from '../logging/logger.ts';

export interface RedisConnectionOptions {
  readonly url: string;
  /** Prefix of the queues' keys, which keeps installations in one Redis apart. */
  readonly bullPrefix: string;
  readonly logger: PinoLogger;
}

interface ConnectionOptions {
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue?: boolean;
}

const RETRY_DELAY_MAX_MS = 2_000;

/**
 * The process's way to Redis. It reconnects for ever, and its absence never ends the process:
 * whoever uses it asks `connected`, or listens, and does without Redis meanwhile.
 */
export class RedisConnection implements OnApplicationShutdown {
  readonly url: string;
  readonly bullPrefix: string;
  readonly #logger: PinoLogger;
  readonly #clients = new Set<Redis>();
  readonly #listeners = new Set<(connected: boolean) => void>();
  readonly #probe: Redis;
  #connected = false;

  constructor(options: RedisConnectionOptions) {
    this.url = options.url;
    this.bullPrefix = options.bullPrefix;
    this.#logger = options.logger;
    this.#probe = this.#create({ maxRetriesPerRequest: 1, enableOfflineQueue: false });
    this.#probe.on('ready', () => this.#change(true));
    this.#probe.on('close', () => this.#change(false));
  }

  /** Whether Redis answers now. */
  get connected(): boolean {
    return this.#connected;
  }

  /** For single commands: fails at once, instead of queueing, while Redis is away. */
  get commands(): Redis {
    return this.#probe;
  }

  /** Calls `listener` with the state at each change. Returns a function that ends this. */
  onChange(listener: (connected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * A new connection as BullMQ's workers and queues want it: commands wait for the connection to
   * come back instead of failing. Closed with this object.
   */
  createBullConnection(): Redis {
    return this.#create({ maxRetriesPerRequest: null });
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    const clients = [...this.#clients];
    this.#clients.clear();
    for (const client of clients) client.disconnect();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  #create(options: ConnectionOptions): Redis {
    const client = new Redis(this.url, {
      retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 8), RETRY_DELAY_MAX_MS),
      connectTimeout: 3_000,
      // The client waits this long for a socket to close even where there is none.
      disconnectTimeout: 200,
      ...options,
    });
    // Without a listener an unreachable Redis would end the process. `onChange` tells the state.
    client.on('error', (error) => this.#logger.debug({ err: error }, 'redis'));
    this.#clients.add(client);
    client.once('end', () => this.#clients.delete(client));
    return client;
  }

  #change(connected: boolean): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    this.#logger.info({ url: withoutSecret(this.url), connected }, 'redis');
    for (const listener of this.#listeners) listener(connected);
  }
}

function withoutSecret(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}
