import {
  BackfillRuns,
  BackfillsService,
  BatchAttemptsService,
  BatchJobsService,
  BatchLedger,
  BatchResultsService,
  BatchRunsService,
  BatchTicksService,
  ClockWatch,
  EventLog,
  type PipelineRegistration,
  PipelinesService,
  RunCreation,
  RunDecisionsService,
  RunLine,
  ScheduleStates,
  SourceLogs,
  UNSCHEDULED,
  WindowClaims,
  WindowGridService,
  WorkersService,
} from '@penstock/control-plane';
import { type Config, type ControlDatabase, createLogger } from '@penstock/platform';

// An entry of its own (@penstock/testing/batch-services), as worker-harness.ts is.

export type BatchServices = ReturnType<typeof batchServices>;

/** The services of batch runs of one process, wired as its module wires them. */
export function batchServices(database: ControlDatabase, config: Config) {
  const events = new EventLog(database);
  const clock = new ClockWatch(events, createLogger({ name: 'test', level: 'silent' }));
  const pipelines = new PipelinesService(database);
  const workers = new WorkersService(database);
  const claims = new WindowClaims(database);
  const creation = new RunCreation(database, events, claims);
  const line = new RunLine(database);
  const states = new ScheduleStates(database, events, pipelines);
  const logs = new SourceLogs(config);
  const runs = new BatchRunsService(database, events, pipelines, workers, creation, line);
  return {
    events,
    clock,
    pipelines,
    workers,
    claims,
    creation,
    line,
    states,
    logs,
    grid: new WindowGridService(database, claims),
    jobs: new BatchJobsService(database, pipelines, line, states),
    ledger: new BatchLedger(database, events, claims, line, creation),
    results: new BatchResultsService(database, config),
    runs,
    attempts: new BatchAttemptsService(database),
    backfills: new BackfillsService(database, events, pipelines, runs, logs),
    backfillRuns: new BackfillRuns(database, events, pipelines, creation),
    decisions: new RunDecisionsService(database, events, pipelines, runs),
    ticks: new BatchTicksService(pipelines, states, creation, line, logs, clock),
  };
}

/** A batch job as a worker registers it; it reads `in` and runs on request. */
export function batchJob(given: Partial<PipelineRegistration> = {}): PipelineRegistration {
  return {
    name: 'report',
    mode: 'batch',
    description: '',
    sources: ['in'],
    sinks: ['report.csv'],
    operators: [],
    groupId: null,
    deadLetterTopic: 'report.dlt',
    schedule: null,
    timeZone: null,
    choices: UNSCHEDULED,
    attemptsMax: 2,
    definitionHash: 'hash-1',
    stateHash: '',
    ...given,
  };
}
