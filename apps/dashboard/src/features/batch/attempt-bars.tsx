import { IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { formatDuration, formatPercent } from '../../ui/numbers.ts';
import { SectionError, SkeletonRows } from '../../ui/section.tsx';
import { TableScroll } from '../../ui/table-scroll.tsx';
import { formatTime } from '../../ui/time.ts';
import { axisOf, type AxisPart, placeOn } from './attempt-axis.ts';
import { attemptsQuery, type Attempt, type BatchRun } from './queries.ts';
import { runProgress } from './run-bars.tsx';

const left = 108;
const width = 720;
const top = 24;
const rowHeight = 26;
const barHeight = 12;

/** The attempts at a run as bars over time; hours in which nothing was done are cut out. */
export function AttemptBars({ run, now }: { run: BatchRun; now: number }) {
  const query = useQuery(attemptsQuery(run));
  if (query.error && !query.data) {
    const retry = () => void query.refetch();
    return <SectionError what="The attempts" error={query.error} retry={retry} />;
  }
  if (query.data === undefined) return <SkeletonRows rows={3} columns={2} />;
  const { attempts, leftOut } = query.data ?? { attempts: [], leftOut: [] };
  if (attempts.length === 0) {
    return <p className="quiet">No attempt has begun yet.</p>;
  }
  const stretches = attempts.map(({ startedAt, finishedAt }) => ({
    from: startedAt,
    to: Math.max(startedAt, finishedAt ?? now),
  }));
  const axis = axisOf(stretches);
  const height = top + attempts.length * rowHeight + 8;
  return (
    <>
      <TableScroll label="Attempts over time">
        <svg width={left + width + 120} height={height} role="img" aria-label={inWords(attempts)}>
          <Axis axis={axis} height={height} />
          {attempts.map((attempt, index) => (
            <g key={attempt.number} transform={`translate(0 ${top + index * rowHeight})`}>
              <AttemptBar attempt={attempt} run={run} axis={axis} now={now} />
            </g>
          ))}
        </svg>
      </TableScroll>
      {leftOut.map(({ topic, partition, offset, decidedAt }) => (
        <p className="quiet" key={`${topic}/${partition}/${offset}`}>
          <IconRefresh size={14} aria-hidden="true" /> {topic} p{partition} offset {offset} was left
          out by hand at {formatTime(decidedAt)}: it is a dead letter.
        </p>
      ))}
    </>
  );
}

function Axis({ axis, height }: { axis: readonly AxisPart[]; height: number }) {
  return (
    <>
      {axis.map((part) => {
        const x = left + part.start * width;
        if (part.isCut) {
          const long = (part.end - part.start) * width;
          return (
            <g key={part.from}>
              <rect x={x} y={top - 6} width={long} height={height - top} fill="var(--sunk)" />
              <text x={x + long / 2} y="12" textAnchor="middle" fontSize="11" fill="var(--ink3)">
                {formatDuration(part.to - part.from)} idle
              </text>
            </g>
          );
        }
        return (
          <g key={part.from}>
            <line x1={x} x2={x} y1={top - 6} y2={height} stroke="var(--line)" />
            <text x={x} y="12" fontSize="11" fill="var(--ink3)">
              {formatTime(part.from)}
            </text>
          </g>
        );
      })}
    </>
  );
}

function AttemptBar(props: {
  attempt: Attempt;
  run: BatchRun;
  axis: readonly AxisPart[];
  now: number;
}) {
  const { attempt, run, axis, now } = props;
  const from = left + placeOn(axis, attempt.startedAt) * width;
  const to = left + placeOn(axis, attempt.finishedAt ?? now) * width;
  const long = Math.max(3, to - from);
  const took = formatDuration((attempt.finishedAt ?? now) - attempt.startedAt);
  const words =
    attempt.outcome === null
      ? `running, ${formatPercent(runProgress(run))}`
      : `${outcomeWords[attempt.outcome]} in ${took}`;
  return (
    <>
      <title>{attempt.error ?? words}</title>
      <text x="0" y={barHeight - 2} fontSize="12.5" fontWeight="550" fill="var(--ink)">
        Attempt {attempt.number}
      </text>
      {attempt.generation > 1 && (
        <text x="66" y={barHeight - 2} fontSize="11" fill="var(--ink3)">
          gen {attempt.generation}
        </text>
      )}
      <rect
        x={from}
        width={long}
        height={barHeight}
        fill={outcomeFills[attempt.outcome ?? 'NONE']}
      />
      {attempt.outcome === 'FAILED' && (
        <path d={`M${from + long + 5} 3l6 6m0 -6l-6 6`} stroke="var(--failf)" strokeWidth="1.5" />
      )}
      <text
        x={from + long + (attempt.outcome === 'FAILED' ? 16 : 6)}
        y={barHeight - 2}
        fontSize="11"
        fill={attempt.outcome === 'FAILED' ? 'var(--fail)' : 'var(--ink2)'}
      >
        {words}
      </text>
    </>
  );
}

const outcomeWords = { SUCCEEDED: 'done', FAILED: 'failed', CANCELLED: 'cancelled' } as const;
const outcomeFills = {
  SUCCEEDED: 'var(--run-done)',
  FAILED: 'var(--failf)',
  CANCELLED: 'var(--pausef)',
  NONE: 'var(--accf)',
} as const;

function inWords(attempts: readonly Attempt[]): string {
  return attempts
    .map(({ number, outcome }) => {
      const how = outcome === null ? 'is running' : outcomeWords[outcome];
      return `attempt ${number} ${how}`;
    })
    .join(', ');
}
