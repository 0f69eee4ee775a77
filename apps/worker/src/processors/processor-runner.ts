import { Injectable } from '@nestjs/common';
import { EventRecorder, ProcessorsService } from '@penstock/control-plane';
import type { StreamProcessorState } from '@penstock/pipelines';
import { Config, DatabaseWatcher, Logger, type StopSteps, logSurvived } from '@penstock/platform';
import { Definitions } from '../definitions/definitions.ts';
import { WorkerIdentity } from '../identity/worker-identity.ts';
import type { ProcessorThread } from './processor-thread.ts';
import { ProcessorThreads } from './processor-threads.ts';
import { ReasonCounts } from './reason-counts.ts';

/** The same trouble is one event a minute, however often the processor tries. */
const SAME_FAILURE_MS = 60_000;

const FAILURE_WORDS = { failed: 'failed and starts again', retrying: 'waits and tries again' };

/** What has been said of a pipeline. */
interface Said {
  readonly deadLetters: ReasonCounts;
  failure: { reason: string; at: number } | null;
  announced: boolean;
}

/**
 * Has every stream processor run in the threads of this worker, follows what is wanted of them, and
 * reports.
 */
@Injectable()
export class ProcessorRunner {
  readonly #definitions: Definitions;
  readonly #processors: ProcessorsService;
  readonly #events: EventRecorder;
  readonly #identity: WorkerIdentity;
  readonly #logger: Logger;
  readonly #threads: ProcessorThreads;
  readonly #said = new Map<string, Said>();
  readonly #unwatch: () => void;
  #following = false;

  constructor(
    definitions: Definitions,
    processors: ProcessorsService,
    events: EventRecorder,
    config: Config,
    identity: WorkerIdentity,
    logger: Logger,
    watcher: DatabaseWatcher,
  ) {
    this.#definitions = definitions;
    this.#processors = processors;
    this.#events = events;
    this.#identity = identity;
    this.#logger = logger;
    const { dataDir, logLevel, secrets, kafka, pipelines } = config;
    const { bootstrapServers } = kafka;
    this.#threads = new ProcessorThreads({
      config: { dataDir, logLevel, secrets, kafka: { bootstrapServers } },
      memoryMb: pipelines.memoryMb,
      logger: logger.pino,
      onState: (pipeline, state, reason) => this.#onState(pipeline, state, reason),
      onDeadLetters: (pipeline, reasons) =>
        reasons.forEach((reason) => this.#saidOf(pipeline).deadLetters.add(reason)),
    });
    this.#unwatch = watcher.onChange(() => void this.#follow());
  }

  async start(): Promise<void> {
    await this.#pass();
    await this.#run(null);
  }

  /** A thread that has a module's pipelines, to `replace` those that run. Rejects on refusal. */
  load(module: string): Promise<ProcessorThread> {
    return this.#threads.load(module);
  }

  /** Runs the definitions as they are now, in place of those before. */
  async replace(loaded: ProcessorThread): Promise<void> {
    await this.#run(loaded);
  }

  async #run(loaded: ProcessorThread | null): Promise<void> {
    const { module } = this.#definitions;
    if (module === null) return;
    await this.#threads.replace(module, loaded, this.#definitions.streams());
  }

  /** Drains all processors: what is in flight is finished and committed, the groups are left. */
  async stop(steps: StopSteps): Promise<void> {
    this.#unwatch();
    await this.#threads.stop((pipeline, end) => steps.waitFor(`stream processor ${pipeline}`, end));
    await this.report().catch((error: unknown) =>
      logSurvived(
        this.#logger.pino,
        error,
        'the last figures of the processors could not be written',
      ),
    );
  }

  /** Writes the state and the counts of all processors, and the dead letters since last time. */
  async report(): Promise<void> {
    const workerId = this.#identity.id;
    const reports = this.#threads
      .statuses()
      .map(([pipeline, status]) => ({ pipeline, workerId, ...status }));
    for (const [pipeline, said] of this.#said) this.#reportDeadLetters(pipeline, said);
    if (reports.length > 0) {
      await this.#processors.report(reports);
    }
  }

  #saidOf(pipeline: string): Said {
    const said = this.#said.get(pipeline);
    if (said !== undefined) return said;
    const fresh: Said = { deadLetters: new ReasonCounts(), failure: null, announced: false };
    this.#said.set(pipeline, fresh);
    return fresh;
  }

  /** Called at every commit to control.db: one look at a time is enough. */
  async #follow(): Promise<void> {
    if (this.#following) {
      return;
    }
    this.#following = true;
    try {
      await this.#pass();
    } catch (error) {
      logSurvived(this.#logger.pino, error, 'what is wanted of the processors could not be read');
    } finally {
      this.#following = false;
    }
  }

  /** Tells the threads what is wanted now. */
  async #pass(): Promise<void> {
    const paused = await this.#processors.paused();
    this.#threads.follow({ paused, choices: await this.#processors.stateDecisions() });
  }

  #onState(pipeline: string, state: StreamProcessorState, reason: string | null): void {
    const entry = this.#saidOf(pipeline);
    this.#logger.pino.info({ pipeline, state, reason }, 'stream processor');
    if (state === 'running' && !entry.announced) {
      entry.announced = true;
      this.#record('PROCESSOR_STARTED', pipeline, `${pipeline} runs on ${this.#identity.id}`);
    }
    if (state === 'failed' || state === 'retrying') {
      const words = reason ?? 'unknown reason';
      const now = performance.now();
      const last = entry.failure;
      if (last?.reason !== words || now - last.at > SAME_FAILURE_MS) {
        entry.failure = { reason: words, at: now };
        const isStopped = this.#threads.statusOf(pipeline)?.stateProblem != null;
        const verb = isStopped ? 'stopped' : FAILURE_WORDS[state];
        this.#record('PROCESSOR_FAILED', pipeline, `${pipeline} ${verb}: ${words}`);
      }
    }
  }

  #reportDeadLetters(pipeline: string, { deadLetters }: Said): void {
    const count = deadLetters.total;
    if (count > 0) {
      const message = `${pipeline} gave up on ${deadLetters.words()}`;
      deadLetters.clear();
      this.#events.record('RECORD_DEAD_LETTERED', pipeline, message, { count });
    }
  }

  #record(kind: 'PROCESSOR_STARTED' | 'PROCESSOR_FAILED', subject: string, message: string): void {
    this.#events.record(kind, subject, message);
  }
}
