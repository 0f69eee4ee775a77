import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { LiveFrame } from '../../live/live-store.ts';
import { Figure, FigureStrip } from '../../ui/figure.tsx';
import {
  formatChange,
  formatCount,
  formatExact,
  formatPlural,
  formatRate,
  formatRateValue,
} from '../../ui/numbers.ts';
import { Sparkline } from '../../ui/sparkline.tsx';
import { jobsQuery } from '../batch/queries.ts';
import { isProblem } from '../consumer-groups/health.ts';
import { isSteady, lagChangePerMinute } from '../consumer-groups/lag-chart.tsx';

/** The figures that are measured now; each hover says exactly what and how. */
export function OverviewFigures({ frame }: { frame: LiveFrame }) {
  const { totals } = frame;
  const perMinute = lagChangePerMinute('*');
  return (
    <FigureStrip label="Figures">
      <Figure
        label="Produced"
        value={formatRateValue(totals.inPerSecond)}
        unit="rec/s"
        note={
          totals.inPerSecond === null ? 'needs two samples' : formatPlural(totals.topics, 'topic')
        }
        hint={`${exactly(totals.inPerSecond)}: growth of the log ends of all topics`}
        spark={
          <Sparkline
            series={{ kind: 'TOTAL', subject: '*', metric: 'IN' }}
            color="var(--ink)"
            width={52}
          />
        }
        metric="produced-rate"
        exact={totals.inPerSecond}
      />
      <Figure
        label="Consumed"
        value={formatRateValue(totals.outPerSecond)}
        unit="rec/s"
        note={consumedNote(frame)}
        hint={`${exactly(totals.outPerSecond)}: growth of the committed offsets of all groups`}
        spark={
          <Sparkline
            series={{ kind: 'TOTAL', subject: '*', metric: 'OUT' }}
            color="var(--accf)"
            width={52}
          />
        }
        metric="consumed-rate"
        exact={totals.outPerSecond}
      />
      <Figure
        label="Lag, all groups"
        value={formatCount(totals.lag)}
        unit="records"
        note={lagNote(totals, perMinute)}
        hint={`${formatExact(totals.lag)} records: log end minus committed offset, summed over all partitions of all groups`}
        spark={
          <Sparkline
            series={{ kind: 'TOTAL', subject: '*', metric: 'LAG' }}
            color={
              perMinute !== null && perMinute > Math.max(1_000, (totals.lag ?? 0) * 0.02)
                ? 'var(--behindf)'
                : 'var(--ctl)'
            }
            width={52}
          />
        }
        metric="lag-total"
        exact={totals.lag}
      />
      <Figure
        label="Workers"
        value={String(frame.workersAlive)}
        unit="alive"
        note={processorsNote(frame)}
        hint="Worker processes whose last sign of life is recent"
        metric="workers"
        exact={frame.workersAlive}
      />
      <BatchFigure frame={frame} />
    </FigureStrip>
  );
}

function exactly(rate: number | null): string {
  return rate === null ? 'Not known yet' : `${rate.toFixed(1)} records/s`;
}

function consumedNote({ totals, groups }: LiveFrame): ReactNode {
  if (totals.groups === 0) return 'no group yet';
  const behind = groups.filter((group) => isProblem(group.health));
  const short = behind.reduce(
    (sum, group) => sum + Math.max(0, (group.inPerSecond ?? 0) - (group.outPerSecond ?? 0)),
    0,
  );
  if (short < 0.5) return 'in step with arriving';
  return (
    <>
      <b className="tone-behind">{formatRate(short)}</b> short of arriving
    </>
  );
}

function lagNote(totals: LiveFrame['totals'], perMinute: number | null): ReactNode {
  if (totals.groups === 0) return 'no group yet';
  if (totals.lag === null) return 'no offset committed yet';
  if (perMinute === null) return formatPlural(totals.groups, 'group');
  if (isSteady(perMinute, totals.lag, totals.outPerSecond)) return 'steady';
  const tone = perMinute > 0 ? 'tone-behind' : 'tone-catch';
  return (
    <>
      <b className={tone}>{formatChange(perMinute)}</b> in the last minute
    </>
  );
}

function processorsNote({ processors }: LiveFrame): string {
  const running = processors.filter((processor) => processor.state === 'RUNNING').length;
  return processors.length === 0
    ? 'no stream processor'
    : `${running} of ${processors.length} processors running`;
}

function BatchFigure({ frame }: { frame: LiveFrame }) {
  const { data: jobs } = useQuery(jobsQuery);
  const dayAgo = frame.at - 86_400_000;
  const runs = (jobs ?? []).flatMap((job) => job.runs).filter((run) => run.createdAt > dayAgo);
  const failed = runs.filter((run) => run.state === 'FAILED').length;
  const done = runs.filter((run) => run.state === 'SUCCEEDED').length;
  return (
    <Figure
      label="Batch runs, 24 h"
      value={jobs ? formatCount(runs.length) : '—'}
      note={
        <>
          {frame.totals.runsActive} active · {done} done ·{' '}
          {failed > 0 ? <b className="tone-fail">{failed} failed</b> : '0 failed'}
        </>
      }
      hint="Runs created in the last 24 hours, of the last 20 of each job"
      metric="batch-runs"
      exact={runs.length}
    />
  );
}
