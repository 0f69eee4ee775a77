import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { liveStore } from '../../live/live-store.ts';
import { useFrame } from '../../live/use-live.ts';
import { formatDuration, formatPercent } from '../../ui/numbers.ts';
import { Section, SectionError, SkeletonRows } from '../../ui/section.tsx';
import { jobsQuery, withLive, type BatchJob, type BatchRun } from './queries.ts';
import { RunBars, runProgress } from './run-bars.tsx';
import './batch.css';

/** Batch jobs on the Overview: one line each, last 20 runs and the next one. */
export function BatchList() {
  const { data: jobs, error, refetch } = useQuery(jobsQuery);
  const frame = useFrame();
  return (
    <Section
      title="Batch jobs"
      hint="last 20 runs, next run"
      aside={<Link to="/ui/batch-jobs">{jobs ? `All ${jobs.length}` : 'All'}</Link>}
    >
      {error && <SectionError what="Batch jobs" error={error} retry={() => void refetch()} />}
      {!jobs && !error && <SkeletonRows rows={3} columns={3} />}
      {jobs?.length === 0 && <p className="quiet small">No pipeline runs as a batch job yet.</p>}
      <ul className="batch-list">
        {jobs?.map((job) => {
          const runs = job.runs.map((run) => withLive(run, frame?.runs));
          return (
            <li key={job.name}>
              <Link
                to="/ui/batch-jobs/$name"
                params={{ name: job.name }}
                className="truncate"
                title={job.name}
              >
                {job.name}
              </Link>
              <RunBars runs={runs} now={liveStore.shownAt} />
              <span className="next" data-live>
                <NextText job={job} active={runs.find(isActive)} now={liveStore.shownAt} />
              </span>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

export function isActive(run: { state: BatchRun['state'] }): boolean {
  return run.state === 'RUNNING' || run.state === 'WAITING';
}

export function NextText(props: {
  job: Pick<BatchJob, 'nextRunAt'>;
  active: BatchRun | undefined;
  now: number;
}) {
  const { job, active, now } = props;
  if (active?.state === 'RUNNING') {
    return (
      <span className="tone-run" title={active.waitingFor ?? undefined}>
        running {formatPercent(runProgress(active))}
      </span>
    );
  }
  if (active?.state === 'WAITING') {
    return <span title={active.waitingFor ?? undefined}>waiting</span>;
  }
  if (job.nextRunAt === null) return <span className="quiet">by hand</span>;
  const inMs = job.nextRunAt - now;
  return inMs <= 0
    ? 'due'
    : `in ${formatDuration(Math.max(1_000, Math.floor(inMs / 1000) * 1000)).replace('.0', '')}`;
}
