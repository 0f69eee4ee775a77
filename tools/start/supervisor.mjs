import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { productNode, root } from '../install/repository.mjs';
import { hostAndPort } from './addresses.mjs';
import { say } from './output.mjs';
import { Patience } from './patience.mjs';
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
  #started = false;
  #internalPort;

  /**
   * @param {object} options
   * @param {object} options.settings as `readSettings` gives them; free ports are filled in once
   *   they are known
   * @param {NodeJS.ProcessEnv} options.env environment of the processes
   * @param {{ command: string, args: string[], probe: () => Promise<number | undefined> } |
   *   undefined} options.redis
   * @param {(name: string, reason?: string) => void} options.onFailedStart a process does not come
   *   up; without a reason when trying again changes nothing
   */
  constructor({ settings, env, redis, onFailedStart }) {
    this.#env = { ...env };
    this.#settings = settings;
    this.#onFailedStart = onFailedStart;
    if (redis !== undefined) this.#add({ name: 'redis', ...redis });
    if (!settings.kafka.external) this.#addApp('broker', (said) => this.#brokerListens(said));
    this.#addApp('api', (said) => this.#apiListens(said));
    this.#addApp('worker');
  }

  /** Resolves once every process has said that it serves; says meanwhile which have not. */
  async start() {
    const { broker, redis, api, worker } = Object.fromEntries(this.#processes);
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
      worker.start();
      await Promise.all([...this.#processes.values()].map((supervised) => supervised.ready()));
      this.#started = true;
    } finally {
      clearInterval(timer);
    }
  }

  /**
   * Ends all within ten seconds: worker and api drain into a broker that still runs, and Redis goes
   * last.
   */
  async stop() {
    const { broker, redis, api, worker } = Object.fromEntries(this.#processes);
    await Promise.all([worker.stop(5000), api.stop(5000)]);
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

  /** Api and worker read the broker's ports from the data folder when they start. */
  #brokerListens({ ports }) {
    const { kafka } = this.#settings;
    kafka.publicServers = kafka.listeners.map(({ name, advertisedHost, advertisedPort, port }) =>
      hostAndPort(advertisedHost, advertisedPort ?? (port || ports.listeners[name])),
    );
    const isMoved = this.#internalPort !== undefined && this.#internalPort !== ports.internal;
    this.#internalPort = ports.internal;
    if (!isMoved) return;
    say('broker', 'its port for api and worker was taken meanwhile: both start again', 'warn');
    for (const name of ['api', 'worker']) this.#processes.get(name).restart();
  }

  /** The next run of the process gets the same port. */
  #apiListens({ port }) {
    this.#settings.http.port = port;
    this.#env.PENSTOCK_HTTP_PORT = String(port);
  }

  #addApp(name, onReady) {
    const folder = join(root, 'apps', name);
    const { nodeArguments } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const args = [...nodeArguments, join(folder, 'dist', 'main.js')];
    const onMessage = (message) => this.#passOn(name, message);
    this.#add({ name, command: productNode(), args, ipc: true, onReady, onMessage });
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
