import { Injectable } from '@nestjs/common';
import { ControlDatabase, RedisConnection, type RedisProblem } from '@penstock/platform';
import { PipelinesService } from '../pipelines/index.ts';
import { ProcessorsService } from '../processors/index.ts';
import { ProcessTable } from '../system/process-table.ts';
import { WorkersService } from '../workers/index.ts';
import type { LiveRun, LiveRunState, WorkFigures } from './live-frame.ts';

/** A run that ended stays in the frames this long, so that its end is seen. */
const ENDED_SHOWN_MS = 30_000;
const RUNS_MAX = 100;

/** What is read from control.db. */
type Reports = Omit<WorkFigures, 'processes' | 'redisConnected' | 'redisError' | 'databaseError'>;

/** Reads from control.db, once a second, what the workers report of themselves. */
@Injectable()
export class LiveWork {
  readonly #database: ControlDatabase;
  readonly #pipelines: PipelinesService;
  readonly #processors: ProcessorsService;
  readonly #workers: WorkersService;
  readonly #processes: ProcessTable;
  readonly #redis: RedisConnection;
  #reported: Reports | null = null;

  constructor(
    database: ControlDatabase,
    pipelines: PipelinesService,
    processors: ProcessorsService,
    workers: WorkersService,
    processes: ProcessTable,
    redis: RedisConnection,
  ) {
    this.#database = database;
    this.#pipelines = pipelines;
    this.#processors = processors;
    this.#workers = workers;
    this.#processes = processes;
    this.#redis = redis;
  }

  /**
   * What the workers report. While control.db cannot be written, it is what they reported last,
   * since they cannot report anything new.
   */
  async read(): Promise<WorkFigures> {
    const databaseError = this.#database.currentProblem();
    if (databaseError === null || this.#reported === null) {
      this.#reported = await this.#readReports();
    }
    return {
      ...this.#reported,
      processes: this.#processes.processes,
      redisConnected: this.#redis.usable,
      redisError: redisError(this.#redis.problem),
      databaseError,
    };
  }

  async #readReports(): Promise<Reports> {
    const [processors, workers, runs] = await Promise.all([
      this.#processors.list(),
      this.#workers.alive(),
      this.#runs(),
    ]);
    return {
      processors,
      runs,
      runsActive: runs.filter((run) => run.state === 'waiting' || run.state === 'running').length,
      workersAlive: workers.length,
    };
  }

  /** Consumer groups whose stream processor is paused on purpose: their lag is no fault. */
  async pausedGroups(): Promise<Set<string>> {
    const [paused, pipelineByGroup] = await Promise.all([
      this.#processors.paused(),
      this.#pipelines.byGroupId(),
    ]);
    return new Set(
      [...pipelineByGroup].filter(([, pipeline]) => paused.has(pipeline)).map(([group]) => group),
    );
  }

  async #runs(): Promise<LiveRun[]> {
    const now = Date.now();
    const rows = await this.#database.batchRun.findMany({
      where: {
        OR: [
          { state: { in: ['waiting', 'running'] } },
          // A run that ended while the clock was ahead is not shown before that time comes.
          {
            finishedAt: { gt: BigInt(now - ENDED_SHOWN_MS), lt: BigInt(now + ENDED_SHOWN_MS) },
          },
        ],
      },
      orderBy: { id: 'desc' },
      take: RUNS_MAX,
      select: {
        id: true,
        job: true,
        state: true,
        attempt: true,
        recordsRead: true,
        recordsTotal: true,
        obstacle: true,
      },
    });
    return rows.map((row) => ({
      ...row,
      state: row.state as LiveRunState,
      recordsRead: Number(row.recordsRead),
      recordsTotal: Number(row.recordsTotal),
    }));
  }
}

function redisError(problem: RedisProblem | null): string | null {
  return problem === null ? null : `${problem.words}. ${problem.help}`;
}
