import { Modal } from '@mantine/core';
import { IconPlayerSkipForward, IconRefresh } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { RestartBatchRunDocument, RetryBatchRunDocument } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { formatExact, formatPlural } from '../../ui/numbers.ts';
import { toastDone, toastFailed } from '../../ui/toast.tsx';
import type { BatchRun } from './queries.ts';
import '../../ui/dialog.css';

/** The decisions about a run that has ended: go on at its checkpoints, or start its window over. */
export function DecideRun({ run, isFirst }: { run: BatchRun; isFirst: boolean }) {
  const [isAsking, setAsking] = useState(false);
  const client = useQueryClient();
  const told = (result: { __typename: string; message?: string }, done: string) => {
    if (result.__typename === 'BatchRun') toastDone(done);
    else toastFailed(result.message ?? 'It was refused.');
    setAsking(false);
    void client.invalidateQueries({ queryKey: ['jobs'] });
  };
  const onError = (error: Error) => toastFailed(error.message);
  const retry = useMutation({
    mutationFn: (onGap: 'FAIL' | 'SKIP') => request(RetryBatchRunDocument, { id: run.id, onGap }),
    onSuccess: (data) => told(data.retryBatchRun, 'The run goes on at its checkpoints.'),
    onError,
  });
  const restart = useMutation({
    mutationFn: () => request(RestartBatchRunDocument, { id: run.id }),
    onSuccess: (data) => told(data.restartBatchRun, 'The run starts its window over.'),
    onError,
  });
  // Trying again alone would fail again: they do not come back.
  const gone = run.steps.reduce((sum, step) => sum + step.gone, 0);
  const isHeld = run.state === 'FAILED' || run.state === 'CANCELLED';
  if (!isHeld && run.state !== 'SUCCEEDED') return null;
  return (
    <>
      {isHeld && (
        <button
          type="button"
          className={isFirst ? 'btn btn-primary' : 'btn'}
          disabled={retry.isPending}
          onClick={() => retry.mutate(gone > 0 ? 'SKIP' : 'FAIL')}
        >
          <IconPlayerSkipForward size={15} stroke={1.75} aria-hidden="true" />{' '}
          {gone > 0 ? `Go on without ${formatPlural(gone, 'record')}` : 'Retry'}
        </button>
      )}
      <button type="button" className="btn" onClick={() => setAsking(true)}>
        <IconRefresh size={15} stroke={1.75} aria-hidden="true" /> Restart…
      </button>
      <Modal
        opened={isAsking}
        onClose={() => setAsking(false)}
        title={`Start this run of ${run.job} over?`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <p className="soft">{restartEffect(run)}</p>
        <div className="form-actions" style={{ marginTop: 16 }}>
          <button type="button" className="btn" onClick={() => setAsking(false)}>
            Leave it
          </button>
          <button
            type="button"
            className="btn btn-primary"
            disabled={restart.isPending}
            onClick={() => restart.mutate()}
          >
            Restart
          </button>
        </div>
      </Modal>
    </>
  );
}

function restartEffect(run: BatchRun): string {
  const again = `All ${formatExact(run.recordsTotal)} records of its window are read again.`;
  const file =
    run.resultUrl === null ? '' : ' Its result stays as it is until the new one is complete.';
  const topic =
    run.resultTopic === null ? '' : ` Rows that are in ${run.resultTopic} are written once more.`;
  return `${again}${file}${topic}`;
}
