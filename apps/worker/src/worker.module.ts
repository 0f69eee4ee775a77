import {
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import {
  AttemptLog,
  BackfillRuns,
  BatchLedger,
  BatchRunsService,
  BatchTicksService,
  ClockWatch,
  EventLog,
  EventRecorder,
  PipelinesService,
  ProcessorsService,
  RunCreation,
  RunLine,
  ScheduleStates,
  SourceLogs,
  WindowClaims,
  WorkersService,
} from '@penstock/control-plane';
import type { PipelineDefinition } from '@penstock/pipelines';
import {
  ControlDatabase,
  Logger,
  PlatformModule,
  type PlatformOptions,
  startPatiently,
  StopSteps,
} from '@penstock/platform';
import { AttemptLoggers } from './batch/attempt-loggers.ts';
import { BatchExecutor } from './batch/batch-executor.ts';
import { BatchRunner } from './batch/batch-runner.ts';
import { BatchRuns } from './batch/batch-runs.ts';
import { JobTopics } from './batch/job-topics.ts';
import { Definitions } from './definitions/definitions.ts';
import { DemoProducer } from './demo/demo-producer.ts';
import { Heartbeat } from './heartbeat/heartbeat.ts';
import { WorkerIdentity } from './identity/worker-identity.ts';
import { ProcessorRunner } from './processors/processor-runner.ts';
import { PipelinesReload } from './reload/pipelines-reload.ts';

export interface WorkerOptions extends PlatformOptions {
  /**
   * What threads import for the list of pipelines: the name of a package, or a URL. Without it only
   * batch jobs run.
   */
  readonly module?: string;
  readonly pipelines: readonly PipelineDefinition[];
}

@Module({})
export class WorkerModule implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #definitions: Definitions;
  readonly #processors: ProcessorRunner;
  readonly #batch: BatchRunner;
  readonly #topics: JobTopics;
  readonly #heartbeat: Heartbeat;
  readonly #reload: PipelinesReload;
  readonly #demo: DemoProducer;
  readonly #steps: StopSteps;
  readonly #database: ControlDatabase;
  readonly #logger: Logger;

  constructor(
    @Inject(Definitions) definitions: Definitions,
    @Inject(ProcessorRunner) processors: ProcessorRunner,
    @Inject(BatchRunner) batch: BatchRunner,
    @Inject(JobTopics) topics: JobTopics,
    @Inject(Heartbeat) heartbeat: Heartbeat,
    @Inject(PipelinesReload) reload: PipelinesReload,
    @Inject(DemoProducer) demo: DemoProducer,
    @Inject(StopSteps) steps: StopSteps,
    @Inject(ControlDatabase) database: ControlDatabase,
    @Inject(Logger) logger: Logger,
  ) {
    this.#definitions = definitions;
    this.#processors = processors;
    this.#batch = batch;
    this.#topics = topics;
    this.#heartbeat = heartbeat;
    this.#reload = reload;
    this.#demo = demo;
    this.#steps = steps;
    this.#database = database;
    this.#logger = logger;
  }

  static forRoot(options: WorkerOptions): DynamicModule {
    return {
      module: WorkerModule,
      imports: [PlatformModule.forRoot(options)],
      providers: [
        {
          provide: Definitions,
          inject: [PipelinesService],
          useFactory: (pipelines: PipelinesService) =>
            new Definitions(options.module ?? null, options.pipelines, pipelines),
        },
        AttemptLog,
        AttemptLoggers,
        BackfillRuns,
        BatchExecutor,
        BatchLedger,
        BatchRunner,
        BatchRuns,
        BatchRunsService,
        BatchTicksService,
        ClockWatch,
        DemoProducer,
        EventLog,
        EventRecorder,
        Heartbeat,
        JobTopics,
        PipelinesReload,
        PipelinesService,
        ProcessorRunner,
        ProcessorsService,
        RunCreation,
        RunLine,
        ScheduleStates,
        SourceLogs,
        WindowClaims,
        WorkerIdentity,
        WorkersService,
      ],
    };
  }

  /** What can run is known before anything runs. */
  async onApplicationBootstrap(): Promise<void> {
    await startPatiently(() => this.#definitions.register(), {
      say: (words) => this.#logger.pino.warn(words),
    });
    await this.#processors.start();
    await this.#batch.start();
    this.#topics.follow();
    await this.#reload.start();
    await this.#heartbeat.start((alive) => this.#demo.follow(alive));
  }

  /** Drains while the databases and clients of the platform are still open. */
  async onModuleDestroy(): Promise<void> {
    this.#database.onModuleDestroy();
    const steps = this.#steps;
    await steps.waitFor('the reload of pipelines', this.#reload.stop());
    await steps.waitFor('the demo', this.#demo.stop());
    await steps.waitFor('the creation of topics', this.#topics.stop());
    await Promise.all([
      this.#processors.stop(steps),
      steps.waitFor('batch steps', this.#batch.stop()),
    ]);
    await steps.waitFor('the last heartbeat', this.#heartbeat.stop());
  }
}
