import { formatExact } from '../../ui/numbers.ts';
import { Section } from '../../ui/section.tsx';
import { TableScroll } from '../../ui/table-scroll.tsx';
import type { BatchRun, JobDetail, WindowGridData } from './queries.ts';
import { WindowGrid } from './window-grid.tsx';

/** The windows of contiguous runs; a job that reads the whole log has none. */
export function Windows(props: {
  job: JobDetail;
  grid: WindowGridData;
  runs: readonly BatchRun[];
  chosen: BatchRun;
  onChoose: (id: string) => void;
}) {
  const { job, grid, runs, chosen, onChoose } = props;
  if (job.choices.window === 'ALL') {
    return (
      <Section title="Windows" hint="the whole log, each time">
        <p className="quiet">
          Each run reads every record that the log holds, so a record is in many runs, and the
          result of each stands alone.
        </p>
      </Section>
    );
  }
  return (
    <Section title="Windows" hint="offsets [start, end) per partition; each record in exactly one">
      {grid.nodes.length === 0 ? (
        <p className="quiet">The first run claims the first window, from the log start.</p>
      ) : (
        <TableScroll label="Window grid">
          <WindowGrid grid={grid} runs={runs} chosen={chosen.id} onChoose={onChoose} />
        </TableScroll>
      )}
      {grid.faults.map((fault) => (
        <p className="tone-fail" key={`${fault.runId}/${fault.partition}/${fault.startOffset}`}>
          {fault.kind.toLowerCase()}: {fault.topic} p{fault.partition}, offsets{' '}
          {formatExact(fault.startOffset)} to {formatExact(fault.endOffset)}
        </p>
      ))}
    </Section>
  );
}
