import { queryOptions } from '@tanstack/react-query';
import {
  BatchJobDocument,
  BatchJobsDocument,
  type BatchJobsQuery,
  type RunFieldsFragment,
} from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import type { LiveRun } from '../../live/live-store.ts';

export type BatchJob = BatchJobsQuery['batchJobs'][number];
export type BatchRun = RunFieldsFragment;

/** Runs shown per job: 20 in lists, 25 in the run grid. */
const runsInList = 20;
const runsInGrid = 25;

export const jobsQuery = queryOptions({
  queryKey: ['jobs'],
  queryFn: ({ signal }) =>
    request(BatchJobsDocument, { runs: runsInList }, signal).then((data) => data.batchJobs),
});

export function jobQuery(name: string) {
  return queryOptions({
    queryKey: ['jobs', name],
    queryFn: ({ signal }) =>
      request(BatchJobDocument, { name, runs: runsInGrid }, signal).then((data) => data.batchJob),
  });
}

/** The fetched run with what the last frame says of it. */
export function withLive(run: BatchRun, live: readonly LiveRun[] | undefined): BatchRun {
  const now = live?.find((candidate) => candidate.id === run.id);
  if (!now || run.finishedAt !== null) return run;
  const { state, attempt, recordsRead, recordsTotal } = now;
  return { ...run, state, attempt, recordsRead, recordsTotal };
}
