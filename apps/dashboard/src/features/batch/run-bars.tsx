import { formatDuration } from '../../ui/numbers.ts';
import { runLooks } from '../../ui/state-mark.tsx';
import { formatMoment } from '../../ui/time.ts';
import type { BatchRun } from './queries.ts';

const slots = 20;
const pitch = 5;
const height = 22;

/** How long a run worked (until now while it runs), ms; null before it began. */
export function runDurationMs(run: BatchRun, now: number): number | null {
  if (run.startedAt === null) return null;
  return Math.max(0, (run.finishedAt ?? now) - run.startedAt);
}

/** Share of the window that was read, 0 to 1. */
export function runProgress(run: { recordsRead: number; recordsTotal: number }): number {
  return run.recordsTotal > 0 ? Math.min(1, run.recordsRead / run.recordsTotal) : 0;
}

/**
 * The last 20 runs, oldest left: height = duration. Shape says the state before colour does: failed
 * has ×, retried a dot above, running a fill level in an outlined box, none yet a dash.
 */
export function RunBars({ runs, now }: { runs: readonly BatchRun[]; now: number }) {
  const shown = runs.slice(0, slots).toReversed();
  const longest = Math.max(1, ...shown.map((run) => runDurationMs(run, now) ?? 0));
  const text = runs.length === 0 ? 'no run yet' : summary(runs);
  return (
    <svg width={slots * pitch} height={height} role="img" aria-label={text}>
      {Array.from({ length: slots }, (_, slot) => {
        const run = shown[slot - (slots - shown.length)];
        const x = slot * pitch;
        if (!run) {
          return (
            <rect key={slot} x={x} y={height - 2} width="3.5" height="1" fill="var(--line2)" />
          );
        }
        const share = (runDurationMs(run, now) ?? 0) / longest;
        return <RunBar key={run.id} run={run} x={x} height={Math.max(3, Math.round(share * 13))} />;
      })}
    </svg>
  );
}

function RunBar({ run, x, height: bar }: { run: BatchRun; x: number; height: number }) {
  const y = height - 1 - bar;
  const title = `${runLooks[run.state].word}, ${formatMoment(run.createdAt)}, attempt ${run.attempt}`;
  if (run.state === 'RUNNING') {
    const fill = Math.round(runProgress(run) * 12);
    return (
      <g>
        <title>{title}</title>
        <rect
          x={x + 0.5}
          y={height - 14}
          width="3.5"
          height="12.5"
          fill="var(--accs)"
          stroke="var(--accf)"
        />
        <rect x={x} y={height - 1 - fill} width="4" height={fill} fill="var(--accf)" />
      </g>
    );
  }
  if (run.state === 'WAITING') {
    return (
      <rect
        x={x + 0.5}
        y={height - 10}
        width="3.5"
        height="8.5"
        fill="none"
        stroke="var(--ctl)"
        strokeDasharray="2 1.5"
      >
        <title>{title}</title>
      </rect>
    );
  }
  const failed = run.state === 'FAILED';
  const retried = run.attempt > 1 && !failed;
  const fill = failed
    ? 'var(--failf)'
    : run.state === 'CANCELLED'
      ? 'var(--pausef)'
      : retried
        ? 'var(--behindf)'
        : 'var(--run-done)';
  return (
    <g>
      <title>{title}</title>
      <rect x={x} y={y} width="4" height={bar} fill={fill} />
      {retried && <circle cx={x + 2} cy={y - 3} r="1.5" fill="var(--behindf)" />}
      {failed && (
        <path d={`M${x} ${y - 6}l4 4m0 -4l-4 4`} stroke="var(--failf)" strokeWidth="1.3" />
      )}
    </g>
  );
}

function summary(runs: readonly BatchRun[]): string {
  const failed = runs.filter((run) => run.state === 'FAILED').length;
  const last = runs[0]!;
  const took = runDurationMs(last, last.finishedAt ?? last.createdAt);
  return `last ${Math.min(runs.length, slots)} runs, ${failed} failed; newest ${runLooks[last.state].word.toLowerCase()}${took === null ? '' : ` in ${formatDuration(took)}`}`;
}
