import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { freePort } from './free-port.ts';
import { ManagedProcess, type ProcessExit } from './managed-process.ts';
import { startRedis, type RedisServer } from './redis.ts';
import { repositoryRoot } from '../repository.ts';
import { temporaryFolder, type TemporaryFolder } from '../temporary-folder.ts';

export type AppName = 'broker' | 'api' | 'worker';

export interface PenstockOptions {
  /** Which processes to start, in this order; all three by default. */
  processes?: AppName[];
  /** Settings on top of free ports and a temporary data folder. */
  env?: Record<string, string>;
  /** Redis of its own (default when the worker is started), one that runs already, or none. */
  redis?: boolean | RedisServer;
  /** Data folder to use and keep; a temporary one by default. */
  dataDir?: string;
  /** How long one process may take until it says `ready`, ms. */
  readyDeadlineMs?: number;
  /**
   * Asked at each start for the words that start a process, given the usual ones (node, its
   * options, the script): to put a program with limits in front, or to take another script.
   */
  command?: (name: AppName, words: readonly string[]) => readonly string[];
}

/**
 * Real processes from `apps/<name>/dist`, without the supervisor: a process that dies stays dead
 * until the test restarts it. For the whole system as a user starts it, see `startSupervised`.
 */
export class Penstock implements AsyncDisposable {
  readonly kafkaPort: number;
  readonly httpPort: number;
  readonly dataDir: string;
  readonly redis: RedisServer | undefined;
  readonly #env: Record<string, string | undefined>;
  readonly #readyDeadlineMs: number;
  readonly #command: NonNullable<PenstockOptions['command']>;
  readonly #owned: AsyncDisposable[];
  readonly #processes = new Map<AppName, ManagedProcess>();
  #logs: Record<AppName, string> = { broker: '', api: '', worker: '' };

  constructor(parts: {
    kafkaPort: number;
    httpPort: number;
    dataDir: string;
    redis: RedisServer | undefined;
    env: Record<string, string | undefined>;
    readyDeadlineMs: number;
    command: PenstockOptions['command'];
    owned: AsyncDisposable[];
  }) {
    this.kafkaPort = parts.kafkaPort;
    this.httpPort = parts.httpPort;
    this.dataDir = parts.dataDir;
    this.redis = parts.redis;
    this.#env = parts.env;
    this.#readyDeadlineMs = parts.readyDeadlineMs;
    this.#command = parts.command ?? ((_name, words) => words);
    this.#owned = parts.owned;
  }

  /** `host:port` for Kafka clients. */
  get bootstrapServers(): string {
    return this.#env['KAFKA_BOOTSTRAP_SERVERS'] ?? `localhost:${this.kafkaPort}`;
  }
  /** `http://host:port` of the API, without a slash at the end. */
  get baseUrl(): string {
    return `http://127.0.0.1:${this.httpPort}`;
  }

  /** Starts one process and waits for its `ready`. */
  async start(name: AppName): Promise<void> {
    if (this.#processes.get(name)?.exit === undefined && this.#processes.has(name)) {
      throw new Error(`${name} runs already`);
    }
    const script = join(repositoryRoot, 'apps', name, 'dist', 'main.js');
    const words = this.#command(name, [process.execPath, ...nodeArguments(name), script]);
    const process_ = new ManagedProcess({
      command: words[0]!,
      args: words.slice(1),
      env: this.#env,
      ipc: true,
    });
    this.#processes.set(name, process_);
    await eventually(
      () => {
        if (process_.exit !== undefined) return 'ended' as const;
        return process_.messages.some(isReady) ? ('ready' as const) : undefined;
      },
      { deadlineMs: this.#readyDeadlineMs, intervalMs: 10, what: `ready of ${name}` },
    )
      .then((state) => {
        if (state === 'ended') throw new Error(`${name} ended: ${JSON.stringify(process_.exit)}`);
      })
      .catch((error: unknown) => {
        process_.kill('SIGKILL');
        throw new Error(`${(error as Error).message}\n${this.logs(name).slice(-4000)}`, {
          cause: error,
        });
      });
  }

  /** SIGTERM, then waits for its end. */
  async stop(name: AppName): Promise<ProcessExit> {
    return this.#end(name, 'SIGTERM');
  }
  /** kill -9, and waits until it is gone. */
  async killHard(name: AppName): Promise<void> {
    await this.#end(name, 'SIGKILL');
  }
  /** Ends it with SIGTERM when it still runs, and starts it again on the same ports and data. */
  async restart(name: AppName): Promise<void> {
    if (this.#processes.has(name)) await this.#end(name, 'SIGTERM');
    await this.start(name);
  }
  pid(name: AppName): number {
    return this.#process(name).pid;
  }
  /** Resolves when it has ended, by itself or not. */
  async ended(name: AppName): Promise<ProcessExit> {
    const process_ = this.#process(name);
    const exit = await process_.exited;
    if (this.#processes.get(name) === process_) {
      this.#logs[name] += process_.output;
      this.#processes.delete(name);
    }
    return exit;
  }
  /** Sends a message over the channel that a supervisor has to its processes. */
  send(name: AppName, message: object): void {
    this.#process(name).child.send(message);
  }
  /** All that one process wrote so far, over its restarts. */
  logs(name: AppName): string {
    return this.#logs[name] + (this.#processes.get(name)?.output ?? '');
  }

  async #end(name: AppName, signal: NodeJS.Signals): Promise<ProcessExit> {
    const process_ = this.#process(name);
    const exit = await process_.stop(signal);
    this.#logs[name] += process_.output;
    this.#processes.delete(name);
    return exit;
  }
  #process(name: AppName): ManagedProcess {
    const process_ = this.#processes.get(name);
    if (process_ === undefined) throw new Error(`${name} does not run`);
    return process_;
  }

  /** Stops worker, api and broker in this order, then Redis, then removes the data. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of ['worker', 'api', 'broker'] as const) {
      if (this.#processes.has(name)) await this.#end(name, 'SIGTERM');
    }
    for (const owned of this.#owned) await owned[Symbol.asyncDispose]();
  }
}

/**
 * Starts processes of the product on free ports with data of their own, and waits until each is
 * ready.
 */
export async function startPenstock(options: PenstockOptions = {}): Promise<Penstock> {
  const processes = options.processes ?? ['broker', 'api', 'worker'];
  const folder: TemporaryFolder | undefined =
    options.dataDir === undefined ? await temporaryFolder('penstock-data-') : undefined;
  const [kafkaPort, httpPort] = [await freePort(), await freePort()];
  const ownRedis = options.redis ?? processes.includes('worker');
  const redis = typeof ownRedis === 'object' ? ownRedis : ownRedis ? await startRedis() : undefined;
  const dataDir = options.dataDir ?? folder!.path;
  const owned: AsyncDisposable[] = [];
  if (redis !== undefined && typeof ownRedis !== 'object') owned.push(redis);
  if (folder !== undefined) owned.push(folder);
  const penstock = new Penstock({
    kafkaPort,
    httpPort,
    dataDir,
    redis,
    readyDeadlineMs: options.readyDeadlineMs ?? 60_000,
    command: options.command,
    owned,
    env: {
      PENSTOCK_KAFKA_PORT: String(kafkaPort),
      PENSTOCK_HTTP_PORT: String(httpPort),
      PENSTOCK_DATA_DIR: dataDir,
      PENSTOCK_LOG_LEVEL: 'info',
      // Without Redis: a port on which none can be, so that a Redis of the machine is not picked
      // up.
      REDIS_URL: redis?.url ?? 'redis://127.0.0.1:1',
      KAFKA_BOOTSTRAP_SERVERS: undefined,
      // Members of a group join within moments of each other in tests; waiting 3 s for more only
      // costs time.
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      ...options.env,
    },
  });
  try {
    for (const name of processes) await penstock.start(name);
  } catch (error) {
    await penstock[Symbol.asyncDispose]();
    throw error;
  }
  return penstock;
}

function isReady(message: unknown): boolean {
  return (
    typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready'
  );
}

/** As the supervisor starts it: an app says in its package.json how Node is to run it. */
function nodeArguments(name: AppName): string[] {
  const file = join(repositoryRoot, 'apps', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { nodeArguments: string[] }).nodeArguments;
}
