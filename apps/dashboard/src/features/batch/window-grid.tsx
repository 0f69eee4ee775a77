import { formatExact, formatPlural } from '../../ui/numbers.ts';
import { runLooks } from '../../ui/state-mark.tsx';
import { formatDate, formatMinute, formatMoment } from '../../ui/time.ts';
import type { BatchRun, WindowGridData } from './queries.ts';
import { stepProgress } from './step-table.tsx';
import { type WindowCell, windowShape } from './window-shape.ts';

const left = 40;
const columnWidth = 84;
const top = 24;
const rowHeight = 20;
const barHeight = 8;
const bracket = 5;

/**
 * The contiguous windows of the last runs side by side: each offset is in exactly one of them.
 * Where one does not begin at the end of the one before, the seam says so in words.
 */
export function WindowGrid(props: {
  grid: WindowGridData;
  runs: readonly BatchRun[];
  chosen: string | undefined;
  onChoose: (runId: string) => void;
}) {
  const { grid, runs, chosen, onChoose } = props;
  const { columns, rows } = windowShape(grid);
  const height = top + rows.length * rowHeight + 6;
  const topics = new Set(rows.map(({ topic }) => topic));
  const hidden = Math.max(0, ...columns.map((node) => node.partitionCount - rows.length));
  return (
    <>
      <svg
        width={left + (columns.length + 1) * columnWidth}
        height={height}
        role="img"
        aria-label={gridInWords(grid)}
      >
        {columns.map((node, index) => (
          <g
            key={node.runId}
            transform={`translate(${left + index * columnWidth} 0)`}
            onClick={() => onChoose(node.runId)}
            style={{ cursor: 'pointer' }}
          >
            <title>{columnTitle(node)}</title>
            <rect width={columnWidth} height={height} fill="transparent" />
            <text
              y="11"
              fontSize="11"
              fontWeight={node.runId === chosen ? 600 : 400}
              fill={node.runId === chosen ? 'var(--ink)' : 'var(--ink3)'}
            >
              {columnLabel(node)}
            </text>
            {rows.map((row, at) => (
              <g key={`${row.topic}/${row.partition}`} transform={`translate(0 ${rowY(at)})`}>
                <Cell
                  cell={row.cells[index] ?? null}
                  run={runs.find(({ id }) => id === node.runId)}
                />
              </g>
            ))}
          </g>
        ))}
        {rows.map((row, at) => (
          <g key={`${row.topic}/${row.partition}`} transform={`translate(0 ${rowY(at)})`}>
            <text x={left - 8} y={barHeight} textAnchor="end" fontSize="11" fill="var(--ink3)">
              {topics.size > 1 ? <title>{row.topic}</title> : null}p{row.partition}
            </text>
            <Open x={left + columns.length * columnWidth} />
          </g>
        ))}
      </svg>
      <p className="quiet window-legend">
        <span data-fill="done">done</span>
        <span data-fill="read">being read</span>
        <span data-fill="left">left to read</span>
        <span data-fill="held">waits for a decision</span>
        <span data-fill="open">open, filling</span>
        {hidden > 0 && <>and {formatPlural(hidden, 'more partition')}</>}
      </p>
    </>
  );
}

function rowY(row: number): number {
  return top + row * rowHeight;
}

function columnLabel(node: WindowGridData['nodes'][number]): string {
  const at = node.scheduledFor ?? node.frozenAt;
  return `${formatDate(at)} ${formatMinute(at)}`;
}

function columnTitle(node: WindowGridData['nodes'][number]): string {
  const lost = node.lostTotal > 0 ? `, ${formatExact(node.lostTotal)} gone before it` : '';
  const at = formatMoment(node.scheduledFor ?? node.frozenAt);
  return `${runLooks[node.state].word}, ${at}: ${formatExact(node.recordsTotal)} records${lost}`;
}

/** One window `[start, end)`: how far it is read, and how it meets the one before. */
function Cell({ cell, run }: { cell: WindowCell | null; run: BatchRun | undefined }) {
  if (cell === null) return null;
  const { part, seam, state } = cell;
  const width = columnWidth - 2 * bracket - 4;
  if (part.endOffset <= part.startOffset) {
    return <line x1={bracket} x2={bracket + width} y1="4" y2="4" stroke="var(--line2)" />;
  }
  const step = run?.steps.find(
    (each) => each.topic === part.topic && each.partition === part.partition,
  );
  const share = state === 'SUCCEEDED' ? 1 : step === undefined ? 0 : stepProgress(step);
  const lost = part.lost / (part.endOffset - part.startOffset);
  const isHeld = state === 'FAILED' || state === 'CANCELLED';
  return (
    <>
      <path d={`M${bracket} -2.3H1v12.6h${bracket - 1}`} fill="none" stroke="var(--ink2)" />
      <rect
        x={bracket}
        width={width}
        height={barHeight}
        fill={isHeld ? 'var(--fails)' : 'var(--accs)'}
        stroke={isHeld ? 'var(--failf)' : 'var(--accf)'}
        strokeWidth={share === 1 ? 0 : 1}
      />
      <rect
        x={bracket}
        width={width * share}
        height={barHeight}
        fill={state === 'SUCCEEDED' ? 'var(--run-done)' : 'var(--accf)'}
      />
      {lost > 0 && <rect x={bracket} width={width * lost} height={barHeight} fill="var(--failf)" />}
      {isHeld && (
        <line
          x1={bracket + width * share}
          x2={bracket + width * share}
          y1="-3"
          y2={barHeight + 3}
          stroke="var(--failf)"
          strokeWidth="2"
        />
      )}
      <path d={`M${bracket + width} -2.3c3.5 3 3.5 9.6 0 12.6`} fill="none" stroke="var(--ink2)" />
      {(seam === 'gap' || seam === 'overlap') && (
        <text x="-4" y={barHeight} textAnchor="end" fontSize="11" fill="var(--fail)">
          {seam}
        </text>
      )}
    </>
  );
}

function Open({ x }: { x: number }) {
  return (
    <>
      <path d={`M${x + bracket} -2.3h-4v12.6h4`} fill="none" stroke="var(--ink2)" />
      <rect
        x={x + bracket}
        width={columnWidth / 2}
        height={barHeight}
        fill="none"
        stroke="var(--line2)"
        strokeDasharray="2 2"
      />
    </>
  );
}

function gridInWords({ nodes, totalCount, faults }: WindowGridData): string {
  const held = nodes.filter(({ state }) => state === 'FAILED' || state === 'CANCELLED').length;
  const shown = `the last ${nodes.length} of ${formatPlural(totalCount, 'window')}`;
  const whole =
    faults.length === 0 ? 'no gap and no overlap' : formatPlural(faults.length, 'fault');
  return `${shown}, ${whole}${held > 0 ? `, ${held} waiting for a decision` : ''}`;
}
