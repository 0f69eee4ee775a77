import { formatAbout, formatDuration } from '../../ui/numbers.ts';
import { runLooks } from '../../ui/state-mark.tsx';
import { formatDate, formatMoment } from '../../ui/time.ts';
import type { BatchRun } from './queries.ts';
import { runDurationMs, runProgress } from './run-bars.tsx';

const runsMax = 25;
const slotsMin = 12;
const pitch = 17;
const left = 36;
const barsHeight = 56;
const square = 12;
const rowsMax = 12;

/**
 * The last 25 runs: bars are durations, squares are steps (one per partition). The runs as a list
 * below are the same for those who do not see the drawing.
 */
export function RunGrid(props: {
  runs: readonly BatchRun[];
  chosen: BatchRun;
  now: number;
  onChoose: (run: BatchRun) => void;
}) {
  const { runs, chosen, now, onChoose } = props;
  const shown = runs.slice(0, runsMax).toReversed();
  const slots = Math.max(shown.length, slotsMin);
  const longest = Math.max(1, ...shown.map((run) => runDurationMs(run, now) ?? 0));
  const all = [...new Set(shown.flatMap((run) => run.steps.map((step) => step.partition)))];
  const partitions = all.toSorted((a, b) => a - b).slice(0, rowsMax);
  const more = all.length - partitions.length;
  const height = rowY(partitions.length) + (more > 0 ? 38 : 22);
  return (
    <svg
      width={left + slots * pitch + 4}
      height={height}
      role="img"
      aria-label={`Durations and steps of the last ${shown.length} runs; the longest took ${formatDuration(longest)}`}
    >
      <Axis longest={longest} slots={slots} />
      {partitions.map((partition, row) => (
        <text
          key={partition}
          x={left - 8}
          y={rowY(row) + square - 3}
          textAnchor="end"
          fontSize="11"
          fill="var(--ink3)"
        >
          p{partition}
        </text>
      ))}
      {shown.map((run, index) => (
        <g
          key={run.id}
          transform={`translate(${left + (slots - shown.length + index) * pitch} 0)`}
          onClick={() => onChoose(run)}
          style={{ cursor: 'pointer' }}
        >
          <RunColumn
            run={run}
            partitions={partitions}
            bar={((runDurationMs(run, now) ?? 0) / longest) * barsHeight}
          />
          {run.id === chosen.id && (
            <rect
              x="-2.5"
              y="4.5"
              width={pitch}
              height={height - 28}
              rx="3"
              fill="none"
              stroke="var(--ink)"
              strokeWidth="1.5"
            />
          )}
        </g>
      ))}
      <DateLabels shown={shown} slots={slots} y={height - 6} />
      {more > 0 && (
        <text x={left} y={height - 22} fontSize="11" fill="var(--ink3)">
          {`and ${more} more partitions, listed below`}
        </text>
      )}
    </svg>
  );
}

function rowY(row: number): number {
  return 20 + barsHeight + 14 + row * (square + 2);
}

function Axis({ longest, slots }: { longest: number; slots: number }) {
  const base = 20 + barsHeight;
  return (
    <>
      <text x={left - 8} y="24" textAnchor="end" fontSize="11" fill="var(--ink3)">
        {longest < 60_000 ? formatDuration(longest) : formatAbout(longest).replace('about ', '')}
      </text>
      <text x={left - 8} y={base + 3} textAnchor="end" fontSize="11" fill="var(--ink3)">
        0
      </text>
      <line x1={left} x2={left + slots * pitch} y1="20.5" y2="20.5" stroke="var(--line)" />
      <line
        x1={left}
        x2={left + slots * pitch}
        y1={base + 0.5}
        y2={base + 0.5}
        stroke="var(--line2)"
      />
    </>
  );
}

function DateLabels(props: { shown: readonly BatchRun[]; slots: number; y: number }) {
  const { shown, slots, y } = props;
  const first = shown[0];
  const last = shown.at(-1);
  if (!first || !last) return null;
  const x = left + (slots - shown.length) * pitch;
  return (
    <>
      {shown.length > 6 && (
        <text x={x} y={y} fontSize="11" fill="var(--ink3)">
          {formatDate(first.createdAt)}
        </text>
      )}
      <text x={left + slots * pitch - 2} y={y} textAnchor="end" fontSize="11" fill="var(--ink3)">
        {formatDate(last.createdAt)}
      </text>
    </>
  );
}

function RunColumn(props: { run: BatchRun; partitions: readonly number[]; bar: number }) {
  const { run, partitions } = props;
  const bar = Math.max(2, Math.round(props.bar));
  const base = 20 + barsHeight;
  const fill =
    run.state === 'FAILED'
      ? 'var(--failf)'
      : run.state === 'CANCELLED'
        ? 'var(--pausef)'
        : run.attempt > 1
          ? 'var(--behindf)'
          : 'var(--run-done)';
  return (
    <>
      <title>
        {`${runLooks[run.state].word}, ${formatMoment(run.createdAt)}, attempt ${run.attempt}`}
      </title>
      <rect
        y="4"
        x="-2"
        width={pitch}
        height={base + partitions.length * 14 + 14}
        fill="transparent"
      />
      {run.state === 'WAITING' && (
        <rect
          x="0.5"
          y={base - 18}
          width="11"
          height="17"
          fill="none"
          stroke="var(--ctl)"
          strokeDasharray="2 2"
        />
      )}
      {run.state === 'RUNNING' && (
        <>
          <rect
            x="0.5"
            y={base - 26}
            width="11"
            height="26"
            fill="var(--accs)"
            stroke="var(--accf)"
          />
          <rect
            y={base - 26 * runProgress(run)}
            width="12"
            height={26 * runProgress(run)}
            fill="var(--accf)"
          />
        </>
      )}
      {run.state !== 'WAITING' && run.state !== 'RUNNING' && (
        <rect y={base - bar} width="12" height={bar} fill={fill} />
      )}
      {run.state === 'FAILED' && (
        <path d={`M2 ${base - bar - 9}l7 7m0 -7l-7 7`} stroke="var(--failf)" strokeWidth="1.5" />
      )}
      {run.attempt > 1 && run.state === 'SUCCEEDED' && (
        <circle cx="6" cy={base - bar - 5} r="2" fill="var(--behindf)" />
      )}
      {partitions.map((partition, row) => (
        <StepSquare key={partition} run={run} partition={partition} y={rowY(row)} />
      ))}
    </>
  );
}

function StepSquare({ run, partition, y }: { run: BatchRun; partition: number; y: number }) {
  const step = run.steps.find((candidate) => candidate.partition === partition);
  if (!step) return <rect y={y + 5} width={square} height="1" fill="var(--line2)" />;
  switch (step.state) {
    case 'DONE':
      return <rect y={y} width={square} height={square} fill="var(--run-done)" />;
    case 'FAILED':
      return (
        <>
          <rect y={y} width={square} height={square} fill="var(--failf)" />
          <path d={`M3 ${y + 3}l6 6m0 -6l-6 6`} stroke="var(--sheet)" strokeWidth="1.5" />
        </>
      );
    case 'RUNNING': {
      const length = step.endOffset - step.startOffset;
      const share = length > 0 ? (step.nextOffset - step.startOffset) / length : 0;
      return (
        <>
          <rect
            x="0.5"
            y={y + 0.5}
            width={square - 1}
            height={square - 1}
            fill="var(--accs)"
            stroke="var(--accf)"
          />
          <rect y={y} width={square * share} height={square} fill="var(--accf)" />
        </>
      );
    }
    case 'WAITING':
      return (
        <rect
          x="0.5"
          y={y + 0.5}
          width={square - 1}
          height={square - 1}
          fill="none"
          stroke="var(--line2)"
          strokeDasharray="2 2"
        />
      );
  }
}
