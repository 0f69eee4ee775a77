import { formatExact, formatPlural } from '../../ui/numbers.ts';
import { Tabs } from '../../ui/tabs.tsx';
import { TableScroll } from '../../ui/table-scroll.tsx';
import { formatMoment } from '../../ui/time.ts';
import { AttemptBars } from './attempt-bars.tsx';
import { type FailureKind, failureKinds } from './failure-reasons.ts';
import type { BatchRun } from './queries.ts';
import { RunLog } from './run-log.tsx';
import { StepTable } from './step-table.tsx';

/** What is known of one run, a tab for each question. */
export function RunPanel(props: {
  run: BatchRun;
  runs: readonly BatchRun[];
  now: number;
  tab: string;
  onTab: (tab: string) => void;
  onChoose: (runId: string) => void;
}) {
  const { run, runs, now, onTab, onChoose } = props;
  const kinds = failureKinds(runs);
  const items = [
    { key: 'steps', label: `Run of ${formatMoment(run.createdAt, now)}` },
    { key: 'attempts', label: 'Attempts', note: run.attempt },
    { key: 'log', label: 'Log' },
    { key: 'failures', label: 'Failures', note: formatPlural(kinds.length, 'kind') },
  ];
  const tab = items.some(({ key }) => key === props.tab) ? props.tab : 'steps';
  return (
    <>
      <Tabs
        label="The run"
        items={items}
        chosen={tab}
        onChoose={onTab}
        end={<RunFacts run={run} />}
      />
      <div className="run-panel" role="tabpanel">
        {tab === 'steps' && <StepTable run={run} />}
        {tab === 'attempts' && <AttemptBars run={run} now={now} />}
        {tab === 'log' && <RunLog run={run} />}
        {tab === 'failures' && <Failures kinds={kinds} now={now} onChoose={onChoose} />}
      </div>
    </>
  );
}

/** What the run was asked to do besides the ordinary. */
function RunFacts({ run }: { run: BatchRun }) {
  const lost = run.steps.reduce((sum, step) => sum + step.lost, 0);
  const facts = [
    run.detached && 'detached: its rows are on this page only',
    run.ticks > 1 && `stands for ${run.ticks} due times`,
    run.generation > 1 && `generation ${run.generation}`,
    run.isLate && 'late',
    lost > 0 && `${formatExact(lost)} records were gone before it`,
    run.params !== '{}' && run.params,
  ];
  return <>{facts.filter((fact) => fact !== false).join(' · ')}</>;
}

function Failures(props: {
  kinds: readonly FailureKind[];
  now: number;
  onChoose: (runId: string) => void;
}) {
  if (props.kinds.length === 0) {
    return <p className="quiet">None of the last runs failed.</p>;
  }
  return (
    <TableScroll label="Failures by reason">
      <table className="table dense">
        <thead>
          <tr>
            <th scope="col">Reason, with the values of the newest</th>
            <th scope="col" className="num">
              Runs
            </th>
            <th scope="col" className="num">
              Last
            </th>
          </tr>
        </thead>
        <tbody>
          {props.kinds.map((kind) => (
            <tr key={kind.reason} className="row-link" onClick={() => props.onChoose(kind.runId)}>
              <td>
                <button type="button" className="row-button" data-row>
                  {kind.reason}
                </button>
              </td>
              <td className="num">{formatExact(kind.count)}</td>
              <td className="num soft">{formatMoment(kind.lastAt, props.now)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}
