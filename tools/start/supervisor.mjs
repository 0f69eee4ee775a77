import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { productNode, root } from '../install/repository.mjs';
import { hostAndPort } from './addresses.mjs';
import { say } from './output.mjs';
import { Patience } from './patience.mjs';
import { PipelineReload } from './pipeline-reload.mjs';
import { SupervisedProcess } from './supervised-process.mjs';

/** Exits before the first `ready` after which the start is given up. */
const FAILED_STARTS_MAX = 3;

/**
 * Starts the processes in the order in which they need each other, and stops them in the reverse
 * order.
 */
export class Supervisor {
  #processes = new Map();
  #onFailedStart;
  #env;
  #settings;
  #reload;
  #started = false;
  #internalPort;
  /** Words with which a worker is started, before the module of its pipelines. */
  #workerWords = 0;

  /**
   * @param {object} options
   * @param {object} options.settings as `readSettings` gives them; free ports are filled in once
   *   they are known
   * @param {NodeJS.ProcessEnv} options.env environment of the processes
   * @param {{ command: string, args: string[], probe: () => Promise<number | undefined> } |
   *   undefined} options.redis
   * @param {boolean} options.reloads whether the sources of the pipelines are followed
   * @param {(name: string, reason?: string) => void} options.onFailedStart a process does not come
   *   up; without a reason when trying again changes nothing
   */
  constructor({ settings, env, redis, reloads, onFailedStart }) {
    this.#env = { ...env };
    this.#settings = settings;
    this.#onFailedStart = onFailedStart;
    this.#reload = reloads
      ? new PipelineReload({
          tell: (message) => this.#tellWorkers(message),
          say: (text, level) => say('pipelines', text, level),
        })
      : undefined;
    if (redis !== undefined) this.#add({ name: 'redis', ...redis });
    if (!settings.kafka.external) this.#addApp('broker', (said) => this.#brokerListens(said));
    this.#addApp('api', (said) => this.#apiListens(said));
    for (const name of workerNames(settings)) this.#addApp(name, undefined, 'worker');
  }

  /** Resolves once every process has said that it serves; says meanwhile which have not. */
  async start() {
    const { broker, redis, api } = Object.fromEntries(this.#processes);
    const patience = new Patience('starting');
    const timer = setInterval(() => patience.waitsFor(this.#notServing()), 1000);
    // A start that is given up must not delay the end.
    timer.unref();
    try {
      redis?.start();
      if (broker !== undefined) {
        broker.start();
        await broker.ready();
      }
      api.start();
      for (const worker of this.#workers()) worker.start();
      await Promise.all([...this.#processes.values()].map((supervised) => supervised.ready()));
      this.#started = true;
      this.#reload?.start();
    } finally {
      clearInterval(timer);
    }
  }

  /**
   * Ends all within ten seconds: workers and api drain into a broker that still runs, and Redis
   * goes last.
   */
  async stop() {
    const { broker, redis, api } = Object.fromEntries(this.#processes);
    await this.#reload?.stop();
    await Promise.all([...this.#workers(), api].map((each) => each.stop(5000)));
    await broker?.stop(3000);
    await redis?.stop(1500);
  }

  describe() {
    return [...this.#processes.values()].map((supervised) => supervised.describe());
  }

  #notServing() {
    const started = [...this.#processes.values()].filter(({ state }) => state !== 'STOPPED');
    const waiting = started.filter(({ state }) => state !== 'RUNNING').map(({ name }) => name);
    return `${waiting.join(', ')} ${waiting.length === 1 ? 'does' : 'do'} not serve yet`;
  }

  /** Api and workers read the broker's ports from the data folder when they start. */
  #brokerListens({ ports }) {
    const { kafka } = this.#settings;
    kafka.publicServers = kafka.listeners.map(({ name, advertisedHost, advertisedPort, port }) =>
      hostAndPort(advertisedHost, advertisedPort ?? (port || ports.listeners[name])),
    );
    const isMoved = this.#internalPort !== undefined && this.#internalPort !== ports.internal;
    this.#internalPort = ports.internal;
    if (!isMoved) return;
    say('broker', 'its port for api and workers was taken meanwhile: they start again', 'warn');
    for (const each of [this.#processes.get('api'), ...this.#workers()]) each.restart();
  }

  /** The next run of the process gets the same port. */
  #apiListens({ port }) {
    this.#settings.http.port = port;
    this.#env.PENSTOCK_HTTP_PORT = String(port);
  }

  #workers() {
    return workerNames(this.#settings).map((name) => this.#processes.get(name));
  }

  #addApp(name, onReady, app = name) {
    const folder = join(root, 'apps', app);
    const { nodeArguments } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const args = [...nodeArguments, join(folder, 'dist', 'main.js')];
    const onMessage = (message) => {
      if (message?.type === 'pipelines-loaded') return this.#pipelinesLoaded(name, message);
      this.#passOn(name, message);
    };
    if (app === 'worker') this.#workerWords = args.length;
    this.#add({ name, command: productNode(), args, ipc: true, onReady, onMessage });
  }

  /** One of them records what becomes of the pipelines. */
  #tellWorkers(message) {
    for (const [index, worker] of this.#workers().entries()) {
      if (index > 0 && message.type === 'pipelines-refused') continue;
      worker.send({ ...message, records: index === 0 });
    }
  }

  /** A worker that starts later takes up what the others run. */
  #pipelinesLoaded(name, { module, problem }) {
    const [first, ...others] = this.#workers();
    if (name !== first.name) return;
    this.#reload?.loaded({ module, problem });
    if (problem !== null) return;
    for (const worker of [first, ...others]) {
      worker.options.args = [...worker.options.args.slice(0, this.#workerWords), module];
    }
  }

  /** Figures, which api asks the others for: libs/platform/src/metrics/metrics-exchange.ts. */
  #passOn(name, message) {
    const api = this.#processes.get('api');
    const isAnswer = message?.type === 'metrics' && message.id !== undefined;
    if (isAnswer) api.send({ ...message, process: name });
    if (message?.type !== 'metrics-request') return;
    const others = [...this.#processes.values()].filter((each) => each.options.ipc && each !== api);
    api.send({ type: 'metrics-asked', id: message.id, processes: others.map((each) => each.name) });
    for (const each of others) each.send({ type: 'metrics-request', id: message.id });
  }

  #add(options) {
    const { name } = options;
    const onChange = () => this.#changed(name);
    const onUnusable = () => this.#onFailedStart(name);
    this.#processes.set(
      name,
      new SupervisedProcess({ ...options, env: this.#env, onChange, onUnusable }),
    );
  }

  #changed(name) {
    const supervised = this.#processes.get(name);
    this.#processes.get('api').send({ type: 'processes', processes: this.describe() });
    if (supervised.state === 'RUNNING' && supervised.restarts > 0) {
      say(name, `runs again with process id ${supervised.pid}`);
    }
    const gaveUp = !this.#started && supervised.failures >= FAILED_STARTS_MAX;
    if (gaveUp && supervised.state === 'BACKING_OFF') {
      this.#onFailedStart(name, supervised.lastExit);
    }
  }
}

/** The first is called as if it were the only one. */
function workerNames({ workers }) {
  return Array.from({ length: workers }, (_, index) =>
    index === 0 ? 'worker' : `worker-${index + 1}`,
  );
}
