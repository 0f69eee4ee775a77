import { spawn } from 'node:child_process';
import { printOutput, say } from './output.mjs';

const BACK_OFF_MS_MIN = 250;
const BACK_OFF_MS_MAX = 30_000;
/** A process that does not serve after this time is ended, and started again. */
const START_MS_MAX = 300_000;
/**
 * The part of its time to stop that a process keeps to say what it waits for before it is killed.
 */
const LAST_WORDS_MS = 300;
/**
 * A process exits with this code (EX_CONFIG of sysexits.h) after it has said what a person has to
 * correct: starting it again changes nothing.
 */
const SETTINGS_EXIT = 'exit code 78';
/** A process that ran this long starts with the shortest back-off again. */
const RAN_WELL_MS = 30_000;

/**
 * One process that is kept running: when it ends by itself it is started again, after a time that
 * doubles with each end, and the reason is shown.
 */
export class SupervisedProcess {
  /**
   * @param {object} options
   * @param {string} options.name
   * @param {string} options.command
   * @param {string[]} options.args
   * @param {NodeJS.ProcessEnv} options.env
   * @param {boolean} [options.ipc] has the channel over which it says `ready`, and by whose end it
   *   knows that the supervisor is gone
   * @param {() => Promise<number | undefined>} [options.probe] for programs without the channel:
   *   gives the process id once it serves
   * @param {number} [options.startMsMax] how long it may take until it serves
   * @param {() => void} [options.onUnusable] it has said why it cannot start, and is not started
   *   again
   * @param {() => void} options.onChange state, process id or count of restarts changed
   * @param {(message: object) => void} [options.onMessage] anything else that it says
   * @param {(message: object) => void} [options.onReady] what it said when it was ready, which may
   *   hold ports that nobody knew before
   */
  constructor(options) {
    this.name = options.name;
    this.state = 'STOPPED';
    this.pid = null;
    this.startedAt = null;
    this.restarts = 0;
    this.lastExit = null;
    this.options = options;
    this.stopping = false;
    this.failures = 0;
    this.hasServed = false;
    this.readyWaiters = [];
    /** @type {import('node:child_process').ChildProcess | undefined} */
    this.child = undefined;
  }

  start() {
    const { command, args, env, ipc } = this.options;
    // Own process group: a Ctrl-C of the terminal reaches the supervisor alone, which stops all in
    // order.
    const child = spawn(command, args, {
      env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', ...(ipc ? ['ipc'] : [])],
    });
    this.child = child;
    this.pid = child.pid ?? null;
    this.startedAt = Date.now();
    const began = performance.now();
    this.#change('STARTING');
    this.#limitStart(child);
    printOutput(this.name, child.stdout);
    printOutput(this.name, child.stderr);
    child.stdin.on('error', () => undefined);
    child.on('message', (message) => {
      if (this.child !== child) return;
      if (message?.type !== 'ready') return this.options.onMessage?.(message);
      this.options.onReady?.(message);
      this.#isReady();
    });
    if (this.options.probe) void this.#probe(child);
    this.ended = new Promise((resolve) => {
      const end = (reason) => {
        if (this.child !== child) return;
        this.child = undefined;
        resolve();
        this.#ended(reason, performance.now() - began);
      };
      child.once('error', (error) => end(error.message));
      child.once('exit', (code, signal) => end(signal ? `signal ${signal}` : `exit code ${code}`));
    });
  }

  /** Resolves once it serves, in this or a later life. */
  ready() {
    if (this.state === 'RUNNING') return Promise.resolve();
    return new Promise((resolve) => this.readyWaiters.push(resolve));
  }

  send(message) {
    if (this.child?.connected) this.child.send(message, () => undefined);
  }

  /** Ends it in good order, and starts it again. */
  restart() {
    this.child?.kill('SIGTERM');
  }

  /** Ends it in good order; hard when that takes longer than `graceMs`. */
  async stop(graceMs) {
    this.stopping = true;
    clearTimeout(this.restartTimer);
    const { child } = this;
    if (child === undefined) return this.#change('STOPPED');
    clearTimeout(this.startTimer);
    child.stdin.end();
    // The process is told its time, so that it can say itself what it waits for when that is over.
    this.send({ type: 'stop', graceMs: graceMs - LAST_WORDS_MS });
    child.kill('SIGTERM');
    const timer = setTimeout(() => {
      say(this.name, `does not end within ${graceMs / 1000} s and is killed`, 'warn');
      killGroup(child.pid);
    }, graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  describe() {
    const { name, pid, state, startedAt, restarts, lastExit } = this;
    return { name, pid, state, startedAt, restarts, lastExit };
  }

  #isReady() {
    clearTimeout(this.startTimer);
    this.hasServed = true;
    this.#change('RUNNING');
    for (const resolve of this.readyWaiters.splice(0)) resolve();
  }

  /** Nothing else watches a start, so one that hangs would hang for ever. */
  #limitStart(child) {
    const limitMs = this.options.startMsMax ?? START_MS_MAX;
    clearTimeout(this.startTimer);
    this.startTimer = setTimeout(() => {
      if (this.child !== child) return;
      say(this.name, `does not serve ${limitMs / 1000} s after its start and is killed`, 'warn');
      killGroup(child.pid);
    }, limitMs);
  }

  async #probe(child) {
    while (this.child === child) {
      const pid = await this.options.probe();
      if (pid !== undefined && this.child === child) {
        this.pid = pid;
        return this.#isReady();
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  #ended(reason, ranMs) {
    this.pid = null;
    clearTimeout(this.startTimer);
    if (this.stopping) return this.#change('STOPPED');
    this.lastExit = reason;
    if (reason === SETTINGS_EXIT && !this.hasServed) {
      this.#change('STOPPED');
      return this.options.onUnusable?.();
    }
    this.failures = ranMs > RAN_WELL_MS ? 1 : this.failures + 1;
    const backOffMs = Math.min(BACK_OFF_MS_MIN * 2 ** (this.failures - 1), BACK_OFF_MS_MAX);
    say(this.name, `ended (${reason}); starts again in ${backOffMs / 1000} s`, 'warn');
    this.restartTimer = setTimeout(() => {
      this.restarts++;
      this.start();
    }, backOffMs);
    this.#change('BACKING_OFF');
  }

  #change(state) {
    this.state = state;
    this.options.onChange();
  }
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended in this moment.
  }
}
