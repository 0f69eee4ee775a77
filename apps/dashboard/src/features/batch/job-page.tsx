import { IconDownload, IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Suspense } from 'react';
import { serverUrl } from '../../graphql/address.ts';
import { liveStore } from '../../live/live-store.ts';
import { useFrame } from '../../live/use-live.ts';
import { onDemand } from '../../ui/on-demand.tsx';
import { Figure, FigureStrip } from '../../ui/figure.tsx';
import {
  formatCount,
  formatDuration,
  formatExact,
  formatPercent,
  formatRateValue,
} from '../../ui/numbers.ts';
import { Section, SectionError, SkeletonRows } from '../../ui/section.tsx';
import { groupLooks, runLooks, StateMark } from '../../ui/state-mark.tsx';
import { formatMoment } from '../../ui/time.ts';
import { Verdict, type VerdictText } from '../../ui/verdict.tsx';
import { TableScroll } from '../../ui/table-scroll.tsx';
import { isActive } from './batch-list.tsx';
import { jobQuery, withLive, type BatchJob, type BatchRun } from './queries.ts';
import { runDurationMs, runProgress } from './run-bars.tsx';
import { RunGrid } from './run-grid.tsx';
import { runVerdict, triggerWords, usualDurationMs } from './run-verdict.ts';
import { StepTable } from './step-table.tsx';
import './batch.css';

const RunNow = onDemand(() => import('./run-now.tsx').then((module) => module.RunNow));
const CancelRun = onDemand(() => import('./cancel-run.tsx').then((module) => module.CancelRun));

const route = getRouteApi('/ui/batch-jobs/$name');

/** Did it run, what failed, when is it done? */
export function JobPage({ name }: { name: string }) {
  const query = useQuery(jobQuery(name));
  if (query.error && !query.data) {
    return (
      <Section title={name}>
        <SectionError what="The job" error={query.error} retry={() => void query.refetch()} />
      </Section>
    );
  }
  if (query.data === undefined) {
    return (
      <Section title={name}>
        <SkeletonRows rows={8} columns={5} />
      </Section>
    );
  }
  if (query.data === null) {
    return (
      <div className="verdict">
        <div>
          <h1>
            There is no batch job <b>{name}</b>.
          </h1>
          <p className="lead">
            <Link to="/ui/batch-jobs">All batch jobs</Link>
          </p>
        </div>
      </div>
    );
  }
  return <KnownJob job={query.data} />;
}

function KnownJob({ job }: { job: BatchJob }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const frame = useFrame();
  const isStarting = search.open === 'run';
  const setStarting = (on: boolean) =>
    void navigate({
      search: ({ open: _old, ...rest }) => (on ? { ...rest, open: 'run' } : rest),
      resetScroll: false,
    });
  const now = liveStore.shownAt;
  const runs = job.runs.map((run) => withLive(run, frame?.runs));
  const run = runs.find((candidate) => candidate.id === search.run) ?? runs[0];
  const active = runs.find(isActive);
  const choose = (id: string) =>
    void navigate({
      search: (before) => ({ ...before, run: id }),
      replace: true,
      resetScroll: false,
    });
  const started = (id: string) =>
    void navigate({
      search: ({ open: _old, ...rest }) => ({ ...rest, run: id }),
      replace: true,
      resetScroll: false,
    });
  return (
    <>
      <Verdict
        verdict={run ? runVerdict(run, runs, now) : neverRun(job)}
        actions={
          <>
            <Suspense>{active && <CancelRun run={active} />}</Suspense>
            <button
              type="button"
              className={active ? 'btn' : 'btn btn-primary'}
              onClick={() => setStarting(true)}
            >
              <IconPlayerPlay size={16} stroke={1.75} aria-hidden="true" /> Run now…
            </button>
          </>
        }
      />
      <NoRedis />
      <JobFigures job={job} run={run} runs={runs} now={now} />
      {run && (
        <div className="row-2">
          <Section title="Runs" hint="duration and steps, last 25">
            <TableScroll label="Run grid">
              <RunGrid
                runs={runs}
                chosen={run}
                now={now}
                onChoose={(chosen) => choose(chosen.id)}
              />
            </TableScroll>
          </Section>
          <RunList runs={runs} chosen={run} now={now} onChoose={choose} />
        </div>
      )}
      <Section
        title={run ? `Steps of the run of ${formatMoment(run.createdAt, now)}` : 'Steps'}
        hint="offsets [start, end) per partition, frozen at the first attempt; each record in exactly one"
        aside={run && <ResultLink run={run} />}
      >
        {run ? (
          <StepTable run={run} />
        ) : (
          <p className="quiet">Run now… shows here what each partition contributes.</p>
        )}
      </Section>
      <Suspense>
        {isStarting && (
          <RunNow job={job.name} onClose={() => setStarting(false)} onStarted={started} />
        )}
      </Suspense>
    </>
  );
}

function neverRun(job: BatchJob): VerdictText {
  return {
    look: { ...groupLooks.UNKNOWN, word: 'Not run yet' },
    sentence: ['No run yet.'],
    lead: [job.description],
  };
}

/** Batch needs Redis; when that cannot be used the page says why, and what to do. */
export function NoRedis() {
  const frame = useFrame();
  if (!frame || frame.redisConnected) return null;
  return (
    <div className="problem" role="status">
      <StateMark look={groupLooks.NO_MEMBERS} word="No Redis" />
      <span>Runs wait. {frame.redisError ?? 'They go on by themselves when Redis appears.'}</span>
    </div>
  );
}

function ResultLink({ run }: { run: BatchRun }) {
  return (
    <>
      {run.resultTopic !== null && (
        <Link to="/ui/topics/$name" params={{ name: run.resultTopic }}>
          {run.resultTopic}
        </Link>
      )}
      {run.resultUrl !== null && (
        <a className="btn btn-small" href={serverUrl(run.resultUrl).href} download>
          <IconDownload size={14} aria-hidden="true" /> Result, {formatExact(run.resultRows)} rows
        </a>
      )}
    </>
  );
}

function JobFigures(props: {
  job: BatchJob;
  run: BatchRun | undefined;
  runs: readonly BatchRun[];
  now: number;
}) {
  const { job, run, runs, now } = props;
  const usual = usualDurationMs(runs);
  const worked = run ? runDurationMs(run, now) : null;
  const waited = run?.startedAt != null ? run.startedAt - run.createdAt : null;
  const rate = run && worked ? (run.recordsRead / worked) * 1000 : null;
  return (
    <FigureStrip label="Figures">
      <Figure
        label="Window read"
        value={run ? formatPercent(runProgress(run)).replace('\u00a0%', '') : '—'}
        unit={run ? '%' : ''}
        note={
          run
            ? `${formatExact(run.recordsRead)} of ${formatExact(run.recordsTotal)} records`
            : 'no run yet'
        }
        metric="run-read"
        exact={run?.recordsRead}
      />
      <Figure
        label="Rate"
        value={formatRateValue(rate)}
        unit="rec/s"
        note="mean of this run"
        hint="Records read over the time worked"
      />
      <Figure
        label="Worked"
        value={formatDuration(worked)}
        note={waited === null ? 'has not begun' : `after waiting ${formatDuration(waited)}`}
      />
      <Figure
        label="Usual duration"
        value={formatDuration(usual)}
        note={usual === null ? 'needs two runs that are done' : 'median of the runs below'}
      />
      <Figure
        label="Result"
        value={run ? formatCount(run.resultRows) : '—'}
        unit={run ? 'rows' : ''}
        note={run?.resultUrl ? 'ready to download' : 'none yet'}
        metric="result-rows"
        exact={run?.resultRows}
      />
      <Figure
        label="Next run"
        value={
          job.nextRunAt === null
            ? '—'
            : formatDuration(Math.floor(Math.max(0, job.nextRunAt - now) / 1000) * 1000)
        }
        note={job.scheduleText ?? 'by hand only'}
        {...(job.nextRunAt === null ? {} : { hint: formatMoment(job.nextRunAt, now) })}
      />
    </FigureStrip>
  );
}

function RunList(props: {
  runs: readonly BatchRun[];
  chosen: BatchRun;
  now: number;
  onChoose: (id: string) => void;
}) {
  const { runs, chosen, now, onChoose } = props;
  return (
    <Section title="All runs" hint="newest first">
      <div className="run-scroll" tabIndex={0} role="region" aria-label="List of runs">
        <table className="table dense">
          <thead>
            <tr>
              <th scope="col">Created</th>
              <th scope="col">State</th>
              <th scope="col" className="col-wide">
                By
              </th>
              <th scope="col" className="num">
                Took
              </th>
              <th scope="col" className="num">
                Records
              </th>
              <th scope="col" className="num">
                Result
              </th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <tr
                key={run.id}
                className="row-link"
                data-selected={run.id === chosen.id}
                onClick={() => onChoose(run.id)}
              >
                <td>
                  <button type="button" className="row-button" data-row>
                    {formatMoment(run.createdAt, now)}
                  </button>
                </td>
                <td>
                  <StateMark look={runLooks[run.state]} />
                </td>
                <td className="col-wide soft">
                  {triggerWords[run.trigger]}
                  {run.attempt > 1 ? `, attempt ${run.attempt}` : ''}
                </td>
                <td className="num">{formatDuration(runDurationMs(run, now))}</td>
                <td className="num" data-live>
                  {formatExact(run.recordsRead)}
                </td>
                <td className="num">
                  {run.resultUrl === null ? (
                    <span className="quiet">—</span>
                  ) : (
                    <a
                      href={serverUrl(run.resultUrl).href}
                      download
                      onClick={(event) => event.stopPropagation()}
                    >
                      {formatExact(run.resultRows)} rows
                    </a>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}
