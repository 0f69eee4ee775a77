import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import {
  BackfillsDocument,
  type BackfillFieldsFragment,
  CancelBackfillDocument,
  PauseBackfillDocument,
  ResumeBackfillDocument,
} from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { formatExact, formatPlural } from '../../ui/numbers.ts';
import { Section, SectionError } from '../../ui/section.tsx';
import { groupLooks, runLooks, type StateLook, StateMark } from '../../ui/state-mark.tsx';
import { TableScroll } from '../../ui/table-scroll.tsx';
import { formatMoment } from '../../ui/time.ts';
import { toastFailed } from '../../ui/toast.tsx';

type Backfill = BackfillFieldsFragment;

const looks: Record<Backfill['state'], StateLook> = {
  PREVIEW: groupLooks.UNKNOWN,
  RUNNING: runLooks.RUNNING,
  PAUSED: groupLooks.PAUSED,
  CANCELLED: runLooks.CANCELLED,
  DONE: runLooks.SUCCEEDED,
};

/** The last backfills of a job, and how far they are; nothing when there is none. */
export function BackfillList({ job, now }: { job: string; now: number }) {
  const query = useQuery({
    queryKey: ['jobs', job, 'backfills'],
    queryFn: ({ signal }) =>
      request(BackfillsDocument, { job }, signal).then((data) => data.batchJob),
  });
  if (query.error && !query.data) {
    return (
      <Section title="Backfills">
        <SectionError what="They" error={query.error} retry={() => void query.refetch()} />
      </Section>
    );
  }
  const { backfills = [], backfillCount = 0 } = query.data ?? {};
  if (backfills.length === 0) return null;
  return (
    <Section
      title="Backfills"
      hint={`the last ${backfills.length} of ${formatExact(backfillCount)}`}
    >
      <TableScroll label="Table of backfills">
        <table className="table dense">
          <thead>
            <tr>
              <th scope="col">Records of</th>
              <th scope="col">State</th>
              <th scope="col" className="num">
                Runs done
              </th>
              <th scope="col" className="num">
                Failed
              </th>
              <th scope="col" className="num">
                Records
              </th>
              <th scope="col" className="num">
                <span className="visually-hidden">What can be done</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {backfills.map((backfill) => (
              <tr key={backfill.id}>
                <th scope="row">
                  {formatMoment(backfill.from, now)} to {formatMoment(backfill.to, now)}
                </th>
                <td>
                  <StateMark look={looks[backfill.state]} />
                </td>
                <td className="num">
                  {formatExact(backfill.succeeded)} of {formatPlural(backfill.runs, 'run')}
                </td>
                <td className="num">{formatExact(backfill.failed)}</td>
                <td className="num">{formatExact(backfill.recordsTotal)}</td>
                <td className="num">
                  <BackfillActions backfill={backfill} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Section>
  );
}

function BackfillActions({ backfill }: { backfill: Backfill }) {
  const client = useQueryClient();
  const { id, state } = backfill;
  const change = useMutation({
    mutationFn: async (to: 'pause' | 'resume' | 'cancel') => {
      switch (to) {
        case 'pause':
          return (await request(PauseBackfillDocument, { id })).pauseBackfill;
        case 'resume':
          return (await request(ResumeBackfillDocument, { id })).resumeBackfill;
        case 'cancel':
          return (await request(CancelBackfillDocument, { id })).cancelBackfill;
      }
    },
    onSuccess: (result) => {
      if (result.__typename !== 'Backfill') toastFailed(result.message);
      void client.invalidateQueries({ queryKey: ['jobs'] });
    },
    onError: (error) => toastFailed(error.message),
  });
  if (state !== 'RUNNING' && state !== 'PAUSED') return null;
  return (
    <span className="run-links">
      <button
        type="button"
        className="btn btn-small"
        disabled={change.isPending}
        onClick={() => change.mutate(state === 'PAUSED' ? 'resume' : 'pause')}
      >
        {state === 'PAUSED' ? 'Resume' : 'Pause'}
      </button>
      <button
        type="button"
        className="btn btn-small"
        disabled={change.isPending}
        onClick={() => change.mutate('cancel')}
      >
        Cancel backfill
      </button>
    </span>
  );
}
