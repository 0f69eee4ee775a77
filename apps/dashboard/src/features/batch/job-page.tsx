import { IconDownload, IconHistory, IconPlayerPlay } from '@tabler/icons-react';
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
import { BackfillList } from './backfill-list.tsx';
import { isActive } from './batch-list.tsx';
import {
  jobQuery,
  withLive,
  type BatchRun,
  type JobDetail,
  type WindowGridData,
} from './queries.ts';
import { runDurationMs, runProgress } from './run-bars.tsx';
import { RunGrid } from './run-grid.tsx';
import { RunPanel } from './run-panel.tsx';
import { perMillionMs, runVerdict, triggerWords, usualPerMillionMs } from './run-verdict.ts';
import { ScheduleNote, ScheduleProblem } from './schedule-note.tsx';
import { Windows } from './windows.tsx';
import './batch.css';

const RunNow = onDemand(() => import('./run-now.tsx').then((module) => module.RunNow));
const DecideRun = onDemand(() => import('./decide-run.tsx').then((module) => module.DecideRun));
const BackfillForm = onDemand(() =>
  import('./backfill-form.tsx').then((module) => module.BackfillForm),
);
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
  return <KnownJob job={query.data.job} grid={query.data.grid} />;
}

function KnownJob({ job, grid }: { job: JobDetail; grid: WindowGridData }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const frame = useFrame();
  const isStarting = search.open === 'run';
  const setOpen = (open: 'run' | 'backfill' | null) =>
    void navigate({
      search: ({ open: _old, ...rest }) => (open === null ? rest : { ...rest, open }),
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
  const chooseTab = (tab: string) =>
    void navigate({ search: (before) => ({ ...before, tab }), replace: true, resetScroll: false });
  const started = (id: string) =>
    void navigate({
      search: ({ open: _old, ...rest }) => ({ ...rest, run: id }),
      replace: true,
      resetScroll: false,
    });
  return (
    <>
      <Verdict
        verdict={run ? runVerdict(run, now) : neverRun(job)}
        actions={<JobActions job={job} run={run} active={active} onOpen={setOpen} />}
      />
      <NoRedis />
      <ScheduleProblem job={job} now={now} />
      <JobFigures job={job} run={run} runs={runs} now={now} />
      <ScheduleNote job={job} />
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
          <Windows job={job} grid={grid} runs={runs} chosen={run} onChoose={choose} />
        </div>
      )}
      {run ? (
        <>
          <RunPanel
            run={run}
            runs={runs}
            now={now}
            tab={search.tab ?? 'steps'}
            onTab={chooseTab}
            onChoose={choose}
          />
          <BackfillList job={job.name} now={now} />
          <RunList runs={runs} chosen={run} now={now} onChoose={choose} />
        </>
      ) : (
        <Section title="Steps">
          <p className="quiet">Run now… shows here what each partition contributes.</p>
        </Section>
      )}
      <Suspense>
        {search.open === 'backfill' && <BackfillForm job={job} onClose={() => setOpen(null)} />}
        {isStarting && (
          <RunNow
            job={job.name}
            isWhole={job.choices.window === 'ALL'}
            onClose={() => setOpen(null)}
            onStarted={started}
          />
        )}
      </Suspense>
    </>
  );
}

function JobActions(props: {
  job: JobDetail;
  run: BatchRun | undefined;
  active: BatchRun | undefined;
  onOpen: (form: 'run' | 'backfill') => void;
}) {
  const { job, run, active, onOpen } = props;
  return (
    <>
      <Suspense>{run && <DecideRun run={run} isFirst={run.id === job.blockedBy?.id} />}</Suspense>
      <Suspense>{active && <CancelRun run={active} />}</Suspense>
      <button type="button" className="btn" onClick={() => onOpen('backfill')}>
        <IconHistory size={15} stroke={1.75} aria-hidden="true" /> Backfill…
      </button>
      <button
        type="button"
        className={active || job.blockedBy !== null ? 'btn' : 'btn btn-primary'}
        onClick={() => onOpen('run')}
      >
        <IconPlayerPlay size={16} stroke={1.75} aria-hidden="true" /> Run now…
      </button>
    </>
  );
}

function neverRun(job: JobDetail): VerdictText {
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
  job: JobDetail;
  run: BatchRun | undefined;
  runs: readonly BatchRun[];
  now: number;
}) {
  const { job, run, runs, now } = props;
  const usual = usualPerMillionMs(runs);
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
        label="Per million records"
        value={formatDuration(run ? perMillionMs(run, now) : null)}
        note={usual === null ? 'needs two runs of 1k records' : `usually ${formatDuration(usual)}`}
        hint="Time worked over records read; the usual one is the median of the runs below"
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
    <Section title="All runs" hint="newest first" aside={<ResultLink run={chosen} />}>
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
