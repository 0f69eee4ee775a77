import { Worker } from 'node:worker_threads';
import {
  type MarkedWork,
  newSharedMark,
  SharedMarkReader,
  type StreamProcessorState,
  type StreamProcessorStatus,
} from '@penstock/pipelines';
import type {
  LoadedPipeline,
  RunOrder,
  ThreadMessage,
  ThreadOptions,
  ThreadRequest,
  Wanted,
} from './thread-messages.ts';
import { type Stuck, Watchdog } from './watchdog.ts';

/** Three semi-spaces: short-lived objects of records that are under way stay in them. */
const YOUNG_GENERATION_MB = 24;
const ENTRY = new URL('./thread-main.js', import.meta.url);
const LOOK_EVERY_MS = 500;
/** Loading the pipelines' module may take this long, on a machine that has other things to do. */
const LOAD_MS_MAX = 300_000;
/** One call of a function may keep the others of its thread waiting this long. */
const SHARED_CALL_MS_MAX = 3_000;
/** While the thread is to stop, a call may take this long. */
const STOPPING_CALL_MS_MAX = 2_000;
/** Ending a thread takes a moment, and for ever in a system call that does not return. */
const TERMINATION_MS_MAX = 2_000;

/** Why a thread has ended. */
export type ThreadEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'stuck'; readonly stuck: Stuck }
  /** `work` is what was under way at that moment, if anything was. */
  | { readonly kind: 'memory'; readonly work: MarkedWork | null }
  | Extract<ThreadMessage, { kind: 'uncaught' }>
  | { readonly kind: 'refused'; readonly reason: string };

export interface ThreadListener {
  onState(pipeline: string, state: StreamProcessorState, reason: string | null): void;
  onStatus(pipeline: string, status: StreamProcessorStatus): void;
  onDeadLetters(pipeline: string, reasons: readonly string[]): void;
  onMember(pipeline: string, memberId: string): void;
  /** Called once, when the thread runs no more. */
  onEnd(end: ThreadEnd): void;
}

/** A thread that runs stream processors, seen from the main thread, which watches it. */
export class ProcessorThread {
  /** The pipelines that its module defines; rejects when the module is refused. */
  readonly loaded: Promise<readonly LoadedPipeline[]>;
  readonly #worker: Worker;
  readonly #marks: SharedMarkReader;
  readonly #watchdog: Watchdog;
  readonly #running = new Set<string>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #handlerTimeoutMs: (pipeline: string) => number;
  #listener: ThreadListener | null = null;
  #looking: NodeJS.Timeout | null = null;
  #stopping = false;
  #end: ThreadEnd | null = null;
  #finished = false;

  constructor(options: {
    readonly pipelines: string;
    readonly memoryMb: number;
    readonly config: ThreadOptions['config'];
    readonly handlerTimeoutMs: (pipeline: string) => number;
  }) {
    const mark = newSharedMark();
    const { pipelines, memoryMb, config } = options;
    const workerData: ThreadOptions = { pipelines, memoryMb, config, mark };
    this.#handlerTimeoutMs = options.handlerTimeoutMs;
    this.#marks = new SharedMarkReader(mark);
    this.#watchdog = new Watchdog({
      callMsMax: (pipeline) => this.#callMsMax(pipeline),
      promiseMsMax: options.handlerTimeoutMs,
    });
    this.#worker = new Worker(ENTRY, {
      workerData,
      name: 'pipelines',
      resourceLimits: {
        maxOldGenerationSizeMb: memoryMb,
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
      },
    });
    const loaded = Promise.withResolvers<readonly LoadedPipeline[]>();
    this.loaded = loaded.promise;
    this.loaded.catch(() => {});
    const late = setTimeout(() => {
      const seconds = LOAD_MS_MAX / 1_000;
      this.#endBecause({ kind: 'refused', reason: `its module is not loaded after ${seconds} s` });
    }, LOAD_MS_MAX).unref();
    this.#worker.on('message', (message: ThreadMessage) => {
      if (message.kind === 'loaded') {
        clearTimeout(late);
        loaded.resolve(message.pipelines);
        this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS);
      } else if (this.#end === null) {
        this.#receive(message);
      }
    });
    this.#worker.on('error', (error: Error & { code?: string }) => this.#failed(error));
    this.#worker.once('exit', (code) => {
      clearTimeout(late);
      this.#finish(uncaught(`the thread ended with exit code ${code}`));
    });
    void this.#ended.promise.then(() => {
      const reason = this.#end?.kind === 'refused' ? this.#end.reason : 'the thread has ended';
      loaded.reject(new Error(reason));
    });
  }

  get hasEnded(): boolean {
    return this.#end !== null;
  }

  listen(listener: ThreadListener): void {
    this.#listener = listener;
  }

  run(orders: readonly RunOrder[], wanted: Wanted): void {
    for (const { pipeline } of orders) this.#running.add(pipeline);
    this.#ask({ kind: 'run', orders, wanted });
  }

  follow(wanted: Wanted): void {
    this.#ask({ kind: 'follow', ...wanted });
  }

  /** Lets its processors finish and commit, and ends. Those in `stay` do not leave their groups. */
  async stop(stay: readonly string[] = []): Promise<void> {
    this.#stopping = true;
    const isIdle = this.#running.size === 0 || this.#looking === null;
    if (isIdle) this.#endBecause({ kind: 'stopped' });
    else this.#ask({ kind: 'stop', stay });
    await this.#ended.promise;
  }

  #ask(request: ThreadRequest): void {
    this.#worker.postMessage(request);
  }

  #receive(message: Exclude<ThreadMessage, { kind: 'loaded' }>): void {
    switch (message.kind) {
      case 'name':
        return this.#marks.named(message.name);
      case 'state':
        return this.#listener?.onState(message.pipeline, message.state, message.reason);
      case 'status':
        for (const [pipeline, status] of Object.entries(message.statuses)) {
          this.#listener?.onStatus(pipeline, status);
        }
        return;
      case 'dead-letters':
        return this.#listener?.onDeadLetters(message.pipeline, message.reasons);
      case 'member':
        return this.#listener?.onMember(message.pipeline, message.memberId);
      case 'memory':
        return this.#endBecause({ kind: 'memory', work: this.#marks.read().call });
      case 'stopped':
        this.#running.delete(message.pipeline);
        if (this.#running.size === 0) this.#endBecause({ kind: 'stopped' });
        return;
      case 'uncaught':
      case 'refused':
        return this.#endBecause(message);
    }
  }

  #failed(error: Error & { code?: string }): void {
    const end: ThreadEnd =
      error.code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? { kind: 'memory', work: this.#marks.read().call }
        : uncaught(error.message);
    this.#endBecause(end);
  }

  #look(): void {
    const stuck = this.#watchdog.look(this.#marks.read(), performance.now());
    if (stuck !== null) this.#endBecause({ kind: 'stuck', stuck });
  }

  #callMsMax(pipeline: string): number {
    const own = this.#handlerTimeoutMs(pipeline);
    if (this.#stopping) return Math.min(own, STOPPING_CALL_MS_MAX);
    return this.#running.size > 1 ? Math.min(own, SHARED_CALL_MS_MAX) : own;
  }

  /** The first reason counts. */
  #endBecause(end: ThreadEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    const late = setTimeout(() => this.#finish(end), TERMINATION_MS_MAX);
    void this.#worker.terminate().then(() => {
      clearTimeout(late);
      this.#finish(end);
    });
  }

  #finish(end: ThreadEnd): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#end ??= end;
    if (this.#looking !== null) clearInterval(this.#looking);
    this.#ended.resolve();
    this.#listener?.onEnd(this.#end);
  }
}

function uncaught(reason: string): ThreadEnd {
  return { kind: 'uncaught', pipeline: null, work: null, reason };
}
