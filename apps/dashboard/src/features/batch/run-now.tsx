import { Modal, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { StartBatchRunDocument, type StartBatchRunInput } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { FormFoot } from '../../ui/form-foot.tsx';
import { placeRefusal } from '../../ui/refusal.ts';
import { toastDone } from '../../ui/toast.tsx';
import { parseMoment } from '../../ui/moment.ts';
import '../../ui/dialog.css';

function noTime(text: string): string {
  return `“${text}” is no time: write 24h, 7d, or 2026-11-20T00:00Z.`;
}

/** Asks for the window, which is everything unless a part is named, and starts a run. */
export function RunNow(props: {
  job: string;
  /** Whether the runs of the job read the whole log. */
  isWhole: boolean;
  onClose: () => void;
  onStarted: (runId: string) => void;
}) {
  const { job, isWhole, onClose, onStarted } = props;
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const client = useQueryClient();
  const start = useMutation({
    mutationFn: (input: StartBatchRunInput) => request(StartBatchRunDocument, { input }),
    onSuccess: ({ startBatchRun: result }) => {
      if (result.__typename !== 'BatchRun') return;
      toastDone(`A run of ${job} is asked for.`);
      void client.invalidateQueries({ queryKey: ['jobs'] });
      onStarted(result.id);
    },
  });
  const result = start.data?.startBatchRun;
  const problem = result && result.__typename !== 'BatchRun' ? result : undefined;
  const refusal = placeRefusal(problem, start.error, ['from', 'to']);
  const [isWrong, setWrong] = useState({ from: false, to: false });
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Run ${job} now`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          const now = Date.now();
          const at = {
            from: from ? parseMoment(from, now) : null,
            to: to ? parseMoment(to, now) : null,
          };
          const wrong = { from: from !== '' && at.from === null, to: to !== '' && at.to === null };
          setWrong(wrong);
          if (!wrong.from && !wrong.to) start.mutate({ job, from: at.from, to: at.to });
        }}
        onChange={() => {
          setWrong({ from: false, to: false });
          start.reset();
        }}
      >
        <p className="soft">
          {isWhole
            ? 'Without times it reads the whole log, up to its end when the run begins. '
            : 'Without times it reads what no run has read yet; the schedule goes on after it. '}
          With times the run is detached: its rows are on its page only, and it writes to no topic.
        </p>
        <TextInput
          label="Records since"
          placeholder="log start"
          description="24h, 7d, or 2026-11-20T00:00Z"
          value={from}
          error={isWrong.from ? noTime(from) : refusal.beside('from')}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput
          label="Records before"
          placeholder="log end at the start of the run"
          value={to}
          error={isWrong.to ? noTime(to) : refusal.beside('to')}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
        <FormFoot
          refused={refusal.ofWhole}
          leave="Cancel"
          onLeave={onClose}
          send="Run now"
          isSending={start.isPending}
        />
      </form>
    </Modal>
  );
}
