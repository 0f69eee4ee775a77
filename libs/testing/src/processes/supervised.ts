import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { freePort } from './free-port.ts';
import { ManagedProcess, type ProcessExit } from './managed-process.ts';
import { repositoryRoot } from '../repository.ts';
import { temporaryFolder, type TemporaryFolder } from '../temporary-folder.ts';

export interface SupervisedOptions {
  /** Words after `npm start --`. */
  args?: string[];
  /** Settings on top of free ports and a temporary data folder; `undefined` removes one. */
  env?: Record<string, string | undefined>;
  /** How long the whole start may take, ms. */
  readyDeadlineMs?: number;
  /** `false`: do not wait for `ready`, for starts that are meant to fail. */
  waitForReady?: boolean;
}

/** The whole system as `npm start` runs it: what dies is started again by the supervisor. */
export class Supervised implements AsyncDisposable {
  readonly process: ManagedProcess;
  readonly kafkaPort: number;
  readonly httpPort: number;
  readonly dataDir: string;
  readonly #folder: TemporaryFolder;

  constructor(parts: {
    process: ManagedProcess;
    kafkaPort: number;
    httpPort: number;
    dataDir: string;
    folder: TemporaryFolder;
  }) {
    this.process = parts.process;
    this.kafkaPort = parts.kafkaPort;
    this.httpPort = parts.httpPort;
    this.dataDir = parts.dataDir;
    this.#folder = parts.folder;
  }

  /** `host:port` for Kafka clients. */
  get bootstrapServers(): string {
    return `localhost:${this.kafkaPort}`;
  }
  /** `http://host:port`, without a slash at the end. */
  get baseUrl(): string {
    return `http://127.0.0.1:${this.httpPort}`;
  }
  /** Everything that the start printed so far. */
  get output(): string {
    return this.process.output;
  }

  async waitUntilReady(deadlineMs = 90_000): Promise<void> {
    await this.process.waitForOutput(/ready.*http:\/\/.*/, deadlineMs);
  }

  /** Resolves once `/readyz` answers 200. */
  async waitUntilServing(deadlineMs = 60_000): Promise<void> {
    await eventually(
      async () => (await fetch(`${this.baseUrl}/readyz`, { signal: AbortSignal.timeout(2000) })).ok,
      { deadlineMs, what: `${this.baseUrl}/readyz` },
    );
  }

  /** Sends a signal to the supervisor alone, and waits for its end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<ProcessExit> {
    return this.process.stop(signal);
  }

  /** Process ids of everything that was started on this data folder and still runs. */
  runningProcesses(): { pid: number; command: string }[] {
    return processesWithEnvironment(`PENSTOCK_DATA_DIR=${this.dataDir}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    // A data folder that the test gave may be in use by another start of the same test.
    if (this.dataDir.startsWith(this.#folder.path)) this.#killLeftOver();
    await this.#folder[Symbol.asyncDispose]();
  }

  #killLeftOver(): void {
    for (const { pid } of this.runningProcesses()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended in this moment.
      }
    }
  }
}

/** Starts the whole system by its start-up script, on free ports with data of its own. */
export async function startSupervised(options: SupervisedOptions = {}): Promise<Supervised> {
  const folder = await temporaryFolder('penstock-system-');
  const [kafkaPort, httpPort] = [await freePort(), await freePort()];
  const dataDir = options.env?.['PENSTOCK_DATA_DIR'] ?? join(folder.path, 'data');
  const process_ = new ManagedProcess({
    command: process.execPath,
    args: [join(repositoryRoot, 'tools/start/start.mjs'), ...(options.args ?? [])],
    cwd: repositoryRoot,
    env: {
      PENSTOCK_KAFKA_PORT: String(kafkaPort),
      PENSTOCK_HTTP_PORT: String(httpPort),
      PENSTOCK_DATA_DIR: dataDir,
      KAFKA_BOOTSTRAP_SERVERS: undefined,
      REDIS_URL: undefined,
      PENSTOCK_REDIS_PORT: String(await freePort()),
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      npm_lifecycle_event: undefined,
      ...options.env,
    },
  });
  const system = new Supervised({ process: process_, kafkaPort, httpPort, dataDir, folder });
  if (options.waitForReady === false) return system;
  try {
    await system.waitUntilReady(options.readyDeadlineMs);
  } catch (error) {
    await system[Symbol.asyncDispose]();
    throw error;
  }
  return system;
}

/** Living processes whose environment holds `entry` (Linux; elsewhere none are found). */
function processesWithEnvironment(entry: string): { pid: number; command: string }[] {
  return processIds()
    .filter((pid) => pid !== process.pid && readProc(pid, 'environ').split('\0').includes(entry))
    .map((pid) => ({ pid, command: readProc(pid, 'cmdline').replaceAll('\0', ' ').trim() }))
    .filter(({ command }) => command !== '');
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
