import { formatExact, formatPercent } from '../../ui/numbers.ts';
import { stepLooks, StateMark } from '../../ui/state-mark.tsx';
import { TableScroll } from '../../ui/table-scroll.tsx';
import type { BatchRun } from './queries.ts';

type Step = BatchRun['steps'][number];

/** Share of the step's window that was read, 0 to 1; an empty window is read at once. */
export function stepProgress(step: Step): number {
  const length = step.endOffset - step.startOffset;
  return length <= 0 ? 1 : Math.min(1, Math.max(0, (step.nextOffset - step.startOffset) / length));
}

/**
 * One row per partition: its half-open window `[start, end)`, frozen at the first attempt, and how
 * far it is read.
 */
export function StepTable({ run }: { run: BatchRun }) {
  const topics = new Set(run.steps.map((step) => step.topic));
  if (run.steps.length === 0) {
    return <p className="quiet">The windows are frozen when the first attempt begins.</p>;
  }
  return (
    <TableScroll label="Table of steps">
      <table className="table dense">
        <thead>
          <tr>
            <th scope="col">Partition</th>
            <th scope="col">State</th>
            <th scope="col" className="col-wide" style={{ width: '38%' }}>
              Window, half open
            </th>
            <th scope="col" className="num">
              [ Start
            </th>
            <th scope="col" className="num">
              End )
            </th>
            <th scope="col" className="num">
              Records
            </th>
            <th scope="col" className="num">
              Read
            </th>
          </tr>
        </thead>
        <tbody>
          {run.steps.map((step) => (
            <tr
              key={`${step.topic}/${step.partition}`}
              data-tone={step.state === 'FAILED' ? 'fail' : undefined}
            >
              <th scope="row">
                {topics.size > 1 ? `${step.topic} ` : ''}p{step.partition}
              </th>
              <td>
                <StateMark look={stepLooks[step.state]} />
              </td>
              <td className="col-wide" style={{ paddingRight: 20 }} title={step.error ?? undefined}>
                <WindowBar step={step} />
              </td>
              <td className="num soft">{formatExact(step.startOffset)}</td>
              <td className="num soft">{formatExact(step.endOffset)}</td>
              <td className="num">{formatExact(step.endOffset - step.startOffset)}</td>
              <td className="num" data-live>
                {formatPercent(stepProgress(step))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}

function WindowBar({ step }: { step: Step }) {
  const share = stepProgress(step);
  const percent = `${(share * 100).toFixed(2)}%`;
  const fill = step.state === 'DONE' ? 'var(--run-done)' : 'var(--accf)';
  const text = `offsets from ${formatExact(step.startOffset)} up to but without ${formatExact(step.endOffset)}, ${formatPercent(share)} read`;
  return (
    <div className="window" role="img" aria-label={text}>
      <svg width="5" height="14" aria-hidden="true">
        <path d="M5 .7H1v12.6h4" fill="none" stroke="var(--ink2)" strokeWidth="1.4" />
      </svg>
      <svg width="100%" height="8" aria-hidden="true">
        <rect
          x="0.5"
          y="0.5"
          width="100%"
          height="7"
          fill={step.state === 'WAITING' ? 'none' : 'var(--accs)'}
          stroke="var(--line2)"
        />
        <rect height="8" width={percent} fill={fill} />
        {step.state === 'FAILED' && (
          <line x1={percent} x2={percent} y1="0" y2="8" stroke="var(--failf)" strokeWidth="2" />
        )}
      </svg>
      <svg width="5" height="14" aria-hidden="true">
        <path d="M0 .7c4 3 4 9.6 0 12.6" fill="none" stroke="var(--ink2)" strokeWidth="1.4" />
      </svg>
    </div>
  );
}
