import { Modal } from '@mantine/core';
import { IconPlayerStop } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { CancelBatchRunDocument } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { formatExact, formatPercent } from '../../ui/numbers.ts';
import { toastDone, toastFailed } from '../../ui/toast.tsx';
import type { BatchRun } from './queries.ts';
import { runProgress } from './run-bars.tsx';
import '../../ui/dialog.css';

export function CancelRun({ run }: { run: BatchRun }) {
  const [isAsking, setAsking] = useState(false);
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => request(CancelBatchRunDocument, { id: run.id }),
    onSuccess: ({ cancelBatchRun: result }) => {
      if (result.__typename === 'BatchRun') toastDone(`The run of ${run.job} is cancelled.`);
      else toastFailed(result.message);
      setAsking(false);
      void client.invalidateQueries({ queryKey: ['jobs'] });
    },
    onError: (error) => toastFailed(error.message),
  });
  return (
    <>
      <button type="button" className="btn" onClick={() => setAsking(true)}>
        <IconPlayerStop size={15} stroke={1.75} aria-hidden="true" /> Cancel run…
      </button>
      <Modal
        opened={isAsking}
        onClose={() => setAsking(false)}
        title={`Cancel this run of ${run.job}?`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <p className="soft">
          {formatPercent(runProgress(run))} of the window is read,{' '}
          {formatExact(run.recordsTotal - run.recordsRead)} records are left.{' '}
          {run.window.kind === 'CONTIGUOUS'
            ? 'The run keeps its window: it can be retried or restarted, and until then later runs may wait for it.'
            : 'No result is kept; it can be retried or restarted.'}
        </p>
        <div className="form-actions" style={{ marginTop: 16 }}>
          <button type="button" className="btn" onClick={() => setAsking(false)}>
            Let it run
          </button>
          <button
            type="button"
            className="btn btn-danger"
            disabled={cancel.isPending}
            onClick={() => cancel.mutate()}
          >
            Cancel run
          </button>
        </div>
      </Modal>
    </>
  );
}
