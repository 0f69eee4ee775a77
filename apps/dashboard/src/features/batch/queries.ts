import { queryOptions } from '@tanstack/react-query';
import {
  AttemptLogDocument,
  BatchJobDocument,
  type BatchJobQuery,
  BatchJobsDocument,
  type BatchJobsQuery,
  RunAttemptsDocument,
  type RunAttemptsQuery,
  type RunFieldsFragment,
} from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import type { LiveRun } from '../../live/live-store.ts';

export type BatchJob = BatchJobsQuery['batchJobs'][number];
export type BatchRun = RunFieldsFragment;
/** A job as its own page shows it. */
export type JobDetail = NonNullable<BatchJobQuery['batchJob']>;
export type WindowGridData = BatchJobQuery['windowGrid'];
export type Attempt = NonNullable<RunAttemptsQuery['batchRun']>['attempts'][number];

/** Runs shown per job: 20 in lists, 25 in the run grid. */
const runsInList = 20;
const runsInGrid = 25;
/** Windows side by side, and the partitions of each that are drawn. */
const windowsInGrid = 7;
const partitionsInGrid = 12;

export const jobsQuery = queryOptions({
  queryKey: ['jobs'],
  queryFn: ({ signal }) =>
    request(BatchJobsDocument, { runs: runsInList }, signal).then((data) => data.batchJobs),
});

/** Null when there is no such job. */
export function jobQuery(name: string) {
  const sizes = { runs: runsInGrid, windows: windowsInGrid, partitions: partitionsInGrid };
  return queryOptions({
    queryKey: ['jobs', name],
    queryFn: ({ signal }) =>
      request(BatchJobDocument, { name, ...sizes }, signal).then(({ batchJob, windowGrid }) =>
        batchJob === null ? null : { job: batchJob, grid: windowGrid },
      ),
  });
}

export function attemptsQuery(run: BatchRun) {
  return queryOptions({
    queryKey: ['jobs', run.job, run.id, 'attempts', run.attempt, run.state],
    queryFn: ({ signal }) =>
      request(RunAttemptsDocument, { id: run.id }, signal).then((data) => data.batchRun),
  });
}

export function logQuery(run: BatchRun, attempt: number) {
  return queryOptions({
    queryKey: ['jobs', run.job, run.id, 'log', attempt, run.state],
    queryFn: ({ signal }) =>
      request(AttemptLogDocument, { id: run.id, attempt }, signal).then(
        (data) => data.batchRun?.attemptLog ?? null,
      ),
  });
}

/** The fetched run with what the last frame says of it. */
export function withLive(run: BatchRun, live: readonly LiveRun[] | undefined): BatchRun {
  const now = live?.find((candidate) => candidate.id === run.id);
  if (!now || run.finishedAt !== null) return run;
  const { state, attempt, recordsRead, recordsTotal } = now;
  return { ...run, state, attempt, recordsRead, recordsTotal };
}
