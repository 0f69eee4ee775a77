import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { liveStore } from '../../live/live-store.ts';
import { useFrame } from '../../live/use-live.ts';
import { formatDuration, formatPlural } from '../../ui/numbers.ts';
import { Empty, Section, SectionError, SkeletonRows } from '../../ui/section.tsx';
import { openRow } from '../../ui/open-row.ts';
import { groupLooks, runLooks, StateMark } from '../../ui/state-mark.tsx';
import { formatMoment } from '../../ui/time.ts';
import { Verdict, type VerdictText } from '../../ui/verdict.tsx';
import { TableScroll } from '../../ui/table-scroll.tsx';
import { isActive, NextText } from './batch-list.tsx';
import { NoRedis } from './job-page.tsx';
import { jobsQuery, withLive, type BatchJob } from './queries.ts';
import { RunBars, runDurationMs } from './run-bars.tsx';

export function JobList() {
  const query = useQuery(jobsQuery);
  const frame = useFrame();
  const now = liveStore.shownAt;
  const jobs = (query.data ?? []).map((job) => ({
    ...job,
    runs: job.runs.map((run) => withLive(run, frame?.runs)),
  }));
  return (
    <>
      {query.data && <Verdict verdict={jobsVerdict(jobs)} />}
      <NoRedis />
      <Section title="Batch jobs" hint="last 20 runs, next run">
        {query.error && (
          <SectionError what="Batch jobs" error={query.error} retry={() => void query.refetch()} />
        )}
        {!query.data && !query.error && <SkeletonRows rows={4} columns={6} />}
        {query.data?.length === 0 && (
          <Empty
            title="No pipeline runs as a batch job yet."
            text="The samples bring one: a report per day over the earthquakes."
            command="npm start -- --demo"
          />
        )}
        {jobs.length > 0 && <JobTable jobs={jobs} now={now} />}
      </Section>
    </>
  );
}

function jobsVerdict(jobs: readonly BatchJob[]): VerdictText {
  const failed = jobs.filter(
    (job) => job.runs.find((run) => run.finishedAt !== null)?.state === 'FAILED',
  );
  const active = jobs.flatMap((job) => job.runs).filter(isActive).length;
  const late = jobs.filter(({ state }) => state === 'LATE');
  const [first] = failed;
  if (first) {
    return {
      look: runLooks.FAILED,
      word: `${failed.length} of ${jobs.length} failed`,
      sentence: [{ b: first.name }, ' failed at its last run.'],
      lead: [first.runs.find((run) => run.error)?.error ?? 'The reason was not reported.'],
    };
  }
  if (late[0] !== undefined) {
    return {
      look: groupLooks.FALLING_BEHIND,
      word: `${late.length} of ${jobs.length} late`,
      sentence: [{ b: late[0].name }, ' has no result of its last due time.'],
      lead: ['Its deadline has passed.'],
    };
  }
  return {
    look: active > 0 ? runLooks.RUNNING : groupLooks.KEEPING_UP,
    word: active > 0 ? `${active} active` : 'All well',
    sentence: [
      jobs.length === 0
        ? 'No batch job is defined yet.'
        : `${formatPlural(jobs.length, 'batch job')}; no last run failed.`,
    ],
    lead: [active > 0 ? `${formatPlural(active, 'run')} under way.` : 'No run is under way.'],
  };
}

function JobTable({ jobs, now }: { jobs: readonly BatchJob[]; now: number }) {
  return (
    <TableScroll label="Table of batch jobs">
      <table className="table tall">
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col" className="col-wide">
              Reads
            </th>
            <th scope="col">Last run</th>
            <th scope="col" className="col-wide">
              Finished
            </th>
            <th scope="col" className="num col-wide">
              Took
            </th>
            <th scope="col" className="col-wide" style={{ width: 124, paddingLeft: 24 }}>
              Last 20
            </th>
            <th scope="col" className="col-wide">
              Schedule
            </th>
            <th scope="col" className="num">
              Next
            </th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => {
            const [last] = job.runs;
            return (
              <tr key={job.name} className="row-link" onClick={openRow}>
                <th scope="row">
                  <Link
                    to="/ui/batch-jobs/$name"
                    params={{ name: job.name }}
                    title={job.name}
                    data-row
                  >
                    {job.name}
                  </Link>
                </th>
                <td className="col-wide soft cut" title={job.sources.join(', ')}>
                  {job.sources.join(', ')}
                </td>
                <td>
                  {last ? (
                    <StateMark look={runLooks[last.state]} />
                  ) : (
                    <span className="quiet">not run yet</span>
                  )}
                </td>
                <td className="col-wide soft">
                  {last?.finishedAt == null ? '—' : formatMoment(last.finishedAt, now)}
                </td>
                <td className="num col-wide">
                  {last ? formatDuration(runDurationMs(last, now)) : '—'}
                </td>
                <td className="col-wide" style={{ paddingLeft: 24 }}>
                  <RunBars runs={job.runs} now={now} />
                </td>
                <td className="col-wide soft">
                  <ScheduleState state={job.state} /> {job.scheduleText ?? 'by hand only'}
                </td>
                <td className="num" data-live>
                  <NextText job={job} active={job.runs.find(isActive)} now={now} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </TableScroll>
  );
}

/** What keeps a schedule from running as it should; nothing when it does. */
function ScheduleState({ state }: { state: BatchJob['state'] }) {
  switch (state) {
    case 'PAUSED':
      return <StateMark look={groupLooks.PAUSED} />;
    case 'BLOCKED':
      return <StateMark look={runLooks.FAILED} word="Blocked" />;
    case 'LATE':
      return <StateMark look={groupLooks.FALLING_BEHIND} word="Late" />;
    default:
      return null;
  }
}
