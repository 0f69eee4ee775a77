import { Injectable } from '@nestjs/common';
import { EventRecorder, type ProcessorReport, ProcessorsService } from '@penstock/control-plane';
import {
  type PipelineDefinition,
  StreamProcessor,
  type StreamProcessorState,
} from '@penstock/pipelines';
import {
  DatabaseWatcher,
  KafkaClients,
  Logger,
  type StopSteps,
  logSurvived,
} from '@penstock/platform';
import { Definitions } from '../definitions/definitions.ts';
import { WorkerIdentity } from '../identity/worker-identity.ts';
import { ReasonCounts } from './reason-counts.ts';

/** The same trouble is one event a minute, however often the processor tries. */
const SAME_FAILURE_MS = 60_000;

interface Entry {
  readonly processor: StreamProcessor;
  readonly deadLetters: ReasonCounts;
  failure: { reason: string; at: number } | null;
  announced: boolean;
}

/** Runs every stream processor in this worker, follows what is wanted of them, and reports. */
@Injectable()
export class ProcessorRunner {
  readonly #definitions: Definitions;
  readonly #processors: ProcessorsService;
  readonly #events: EventRecorder;
  readonly #kafka: KafkaClients;
  readonly #identity: WorkerIdentity;
  readonly #logger: Logger;
  readonly #entries = new Map<string, Entry>();
  readonly #unwatch: () => void;
  #following = false;

  constructor(
    definitions: Definitions,
    processors: ProcessorsService,
    events: EventRecorder,
    kafka: KafkaClients,
    identity: WorkerIdentity,
    logger: Logger,
    watcher: DatabaseWatcher,
  ) {
    this.#definitions = definitions;
    this.#processors = processors;
    this.#events = events;
    this.#kafka = kafka;
    this.#identity = identity;
    this.#logger = logger;
    this.#unwatch = watcher.onChange(() => void this.#follow());
  }

  async start(): Promise<void> {
    const paused = await this.#processors.paused();
    for (const definition of this.#definitions.streams()) {
      const entry = this.#create(definition, paused.has(definition.name));
      this.#entries.set(definition.name, entry);
      void entry.processor.start();
    }
  }

  /** Drains all processors: what is in flight is finished and committed, the groups are left. */
  async stop(steps: StopSteps): Promise<void> {
    this.#unwatch();
    await Promise.all(
      [...this.#entries].map(([name, { processor }]) =>
        steps.waitFor(`stream processor ${name}`, processor.stop()),
      ),
    );
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
    const reports: ProcessorReport[] = [];
    for (const [pipeline, entry] of this.#entries) {
      reports.push({ pipeline, workerId: this.#identity.id, ...entry.processor.status });
      this.#reportDeadLetters(pipeline, entry);
    }
    if (reports.length > 0) {
      await this.#processors.report(reports);
    }
  }

  #create(definition: PipelineDefinition, paused: boolean): Entry {
    const { name } = definition;
    const entry: Entry = {
      processor: new StreamProcessor({
        definition,
        kafka: this.#kafka,
        logger: this.#logger.pino,
        paused,
        onState: (state, reason) => this.#onState(name, entry, state, reason),
        onDeadLetters: (reasons) => reasons.forEach((reason) => entry.deadLetters.add(reason)),
      }),
      deadLetters: new ReasonCounts(),
      failure: null,
      announced: false,
    };
    return entry;
  }

  /** Called at every commit to control.db: one look at a time is enough. */
  async #follow(): Promise<void> {
    if (this.#following) {
      return;
    }
    this.#following = true;
    try {
      const paused = await this.#processors.paused();
      for (const [name, { processor }] of this.#entries) {
        processor.setPaused(paused.has(name));
      }
    } catch (error) {
      logSurvived(this.#logger.pino, error, 'what is wanted of the processors could not be read');
    } finally {
      this.#following = false;
    }
  }

  #onState(
    pipeline: string,
    entry: Entry,
    state: StreamProcessorState,
    reason: string | null,
  ): void {
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
        const verb = state === 'failed' ? 'failed and starts again' : 'waits and tries again';
        this.#record('PROCESSOR_FAILED', pipeline, `${pipeline} ${verb}: ${words}`);
      }
    }
  }

  #reportDeadLetters(pipeline: string, entry: Entry): void {
    const { deadLetters } = entry;
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
