import type { OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { PinoLogger } from '../logging/logger.ts';
import { explainRedis, type RedisProblem } from './redis-problem.ts';
import { parseRedisUrl } from '../configuration/redis-url.ts';

export interface RedisConnectionOptions {
  readonly url: string;
  /** Prefix of the queues' keys, which keeps installations in one Redis apart. */
  readonly bullPrefix: string;
  readonly logger: PinoLogger;
}

interface ConnectionOptions {
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue?: boolean;
  readonly commandTimeout?: number;
}

const RETRY_DELAY_MAX_MS = 2_000;
const PROBE_EVERY_MS = 1_000;
const ANSWER_DEADLINE_MS = 2_000;
/** A probe key that a killed process left behind expires after this time. */
const PROBE_KEY_TTL_MS = 60_000;
/** A problem that lasts is logged again at this interval. */
const SAID_AGAIN_AFTER_MS = 10 * 60_000;
/** The policy rarely changes, so only one probe out of so many looks at it. */
const POLICY_LOOK_EVERY_PROBES = 60;

/**
 * The process's connection to Redis. It reconnects for ever, and an absent Redis never ends the
 * process: code that uses Redis asks `usable`, or listens, and does without it meanwhile.
 *
 * An open connection says little: Redis may refuse the password, the database or all writes. So it
 * is tested once a second with what batch jobs do: a write of a key of our own, and a script.
 */
export class RedisConnection implements OnApplicationShutdown {
  readonly url: string;
  readonly bullPrefix: string;
  readonly #logger: PinoLogger;
  readonly #clients = new Set<Redis>();
  readonly #listeners = new Set<(usable: boolean) => void>();
  readonly #client: Redis;
  readonly #timer: NodeJS.Timeout;
  #problem: RedisProblem | null;
  #isAsked = false;
  /** The last thing the client reported unasked: a refused password, a closed socket. */
  #heard = '';
  #probes = 0;
  #said = { words: '', at: -Infinity, probes: 0 };
  #policy = '';

  constructor(options: RedisConnectionOptions) {
    this.url = options.url;
    this.bullPrefix = options.bullPrefix;
    this.#logger = options.logger;
    this.#problem = explainRedis(this.url, '');
    this.#client = this.#create({
      maxRetriesPerRequest: 1,
      enableOfflineQueue: false,
      commandTimeout: ANSWER_DEADLINE_MS,
    });
    this.#client.on('error', (error) => (this.#heard = wordsOf(error)));
    this.#client.on('ready', () => void this.#probe());
    this.#client.on('close', () => void this.#probe());
    this.#timer = setInterval(() => void this.#probe(), PROBE_EVERY_MS);
  }

  /** Whether Redis does now what batch jobs need of it. */
  get usable(): boolean {
    return this.#problem === null;
  }

  /** Why it cannot be used, and what to do; null while it can. */
  get problem(): RedisProblem | null {
    return this.#problem;
  }

  /** For single commands: fails at once, instead of queueing, while Redis is away. */
  get commands(): Redis {
    return this.#client;
  }

  /** Calls `listener` with `usable` at each change. Returns a function that ends this. */
  onChange(listener: (usable: boolean) => void): () => void {
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
    clearInterval(this.#timer);
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
      // The client waits this long for a socket to close even when there is none.
      disconnectTimeout: 200,
      ...options,
    });
    // Without a listener an unreachable Redis would end the process. `onChange` tells the state.
    client.on('error', (error) => this.#logger.debug({ reason: wordsOf(error) }, 'redis'));
    this.#clients.add(client);
    client.once('end', () => this.#clients.delete(client));
    return client;
  }

  async #probe(): Promise<void> {
    if (this.#isAsked || this.#clients.size === 0) return;
    this.#isAsked = true;
    this.#probes += 1;
    try {
      await this.#tryAll();
      this.#heard = '';
      this.#change(null);
      await this.#lookAtPolicy();
    } catch (error) {
      const said = this.#client.status === 'ready' ? wordsOf(error) : this.#heard;
      this.#change(explainRedis(this.url, said));
    } finally {
      this.#isAsked = false;
    }
  }

  /** Selects the database each time: the client silently goes on in database 0 when refused. */
  async #tryAll(): Promise<void> {
    const key = `${this.bullPrefix}:probe`;
    await this.#client.select(parseRedisUrl(this.url).database);
    await this.#client.set(key, String(process.pid), 'PX', PROBE_KEY_TTL_MS);
    await this.#client.eval('return 1', 0);
  }

  /** Warns when Redis may evict BullMQ's keys: running jobs would be lost, and then run again. */
  async #lookAtPolicy(): Promise<void> {
    if (this.#probes % POLICY_LOOK_EVERY_PROBES !== 1 && this.#policy !== '') return;
    const info = await this.#client.info('memory');
    const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1] ?? 'noeviction';
    if (policy === this.#policy) return;
    this.#policy = policy;
    if (policy === 'noeviction') return;
    this.#logger.warn(
      `Redis may evict keys of batch jobs: its maxmemory-policy is ${policy}. Set it to noeviction: redis-cli config set maxmemory-policy noeviction`,
    );
  }

  #change(problem: RedisProblem | null): void {
    const before = this.#problem;
    this.#problem = problem;
    this.#say(problem);
    if ((before === null) === (problem === null)) return;
    for (const listener of this.#listeners) listener(problem === null);
  }

  /** Logs each change of the words, and repeats them seldom while they stay the same. */
  #say(problem: RedisProblem | null): void {
    const words = problem === null ? '' : `${problem.words}. ${problem.help}`;
    const now = performance.now();
    const isNews = words !== this.#said.words || this.#said.at === -Infinity;
    if (!isNews && (problem === null || now - this.#said.at < SAID_AGAIN_AFTER_MS)) return;
    const tries = this.#probes - this.#said.probes;
    this.#said = { words, at: now, probes: this.#probes };
    if (problem === null) this.#logger.info('Redis can be used');
    else if (isNews) this.#logger.warn(`Batch jobs wait. ${words}`);
    else this.#logger.warn({ tries }, `Batch jobs still wait. ${words}`);
  }
}

/** One line, without what was given to the command (a password, for instance). */
function wordsOf(error: unknown): string {
  const { message, code } = error as { message?: unknown; code?: unknown };
  const text = typeof message === 'string' && message !== '' ? message : String(code ?? error);
  return text.replace(/^Ready check failed: /, '').split('\n')[0] ?? '';
}
