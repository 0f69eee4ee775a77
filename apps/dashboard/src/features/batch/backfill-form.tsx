import { Modal, Switch, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import {
  type BackfillFieldsFragment,
  PreviewBackfillDocument,
  StartBackfillDocument,
} from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { FormFoot } from '../../ui/form-foot.tsx';
import { parseMoment } from '../../ui/moment.ts';
import { formatAbout, formatBytes, formatExact, formatPlural } from '../../ui/numbers.ts';
import { placeRefusal } from '../../ui/refusal.ts';
import { toastDone } from '../../ui/toast.tsx';
import type { JobDetail } from './queries.ts';
import '../../ui/dialog.css';

interface Props {
  job: JobDetail;
  onClose: () => void;
}

/** Asks for a time range, shows what doing it over again would mean, and starts just that. */
export function BackfillForm({ job, onClose }: Props) {
  const [shown, setShown] = useState<BackfillFieldsFragment | null>(null);
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Backfill ${job.name}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {shown === null ? (
        <Question job={job} onClose={onClose} onShown={setShown} />
      ) : (
        <Preview job={job} shown={shown} onClose={onClose} onBack={() => setShown(null)} />
      )}
    </Modal>
  );
}

function Question(props: Props & { onShown: (shown: BackfillFieldsFragment) => void }) {
  const { job, onClose, onShown } = props;
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('now');
  const [atOnce, setAtOnce] = useState('1');
  const [isGrid, setGrid] = useState(job.schedule !== null);
  const [wrong, setWrong] = useState<Partial<Record<'from' | 'to' | 'concurrency', string>>>({});
  const preview = useMutation({
    mutationFn: (input: Parameters<typeof previewOf>[0]) => previewOf(input),
    onSuccess: ({ previewBackfill: result }) => {
      if (result.__typename === 'Backfill') onShown(result);
    },
  });
  const result = preview.data?.previewBackfill;
  const problem = result && result.__typename !== 'Backfill' ? result : undefined;
  const refusal = placeRefusal(problem, preview.error, ['from', 'to', 'concurrency', 'cut']);
  const send = (): void => {
    const now = Date.now();
    const [fromMs, toMs] = [parseMoment(from, now), parseMoment(to, now)];
    const isCount = /^\d{1,3}$/.test(atOnce);
    setWrong({
      ...(fromMs === null && { from: noTime(from) }),
      ...(toMs === null && { to: noTime(to) }),
      ...(!isCount && { concurrency: `“${atOnce}” is no whole number.` }),
    });
    if (fromMs !== null && toMs !== null && isCount) {
      const concurrency = Number(atOnce);
      const cut = isGrid ? 'GRID' : 'ONE';
      preview.mutate({ job: job.name, from: fromMs, to: toMs, cut, concurrency });
    }
  };
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onChange={() => {
        setWrong({});
        preview.reset();
      }}
    >
      <p className="soft">
        Reads a time range over again, beside the schedule, whose position stays where it is.
        Nothing begins before you have seen what it would do.
      </p>
      <TextInput
        label="Records since"
        description="24h, 7d, or 2026-11-20T00:00Z"
        value={from}
        error={wrong.from ?? refusal.beside('from')}
        onChange={(event) => setFrom(event.currentTarget.value)}
      />
      <TextInput
        label="Records before"
        value={to}
        error={wrong.to ?? refusal.beside('to')}
        onChange={(event) => setTo(event.currentTarget.value)}
      />
      <Switch
        label="A run between each two due times"
        description={job.schedule === null ? 'It has no schedule: one run.' : job.scheduleText}
        checked={isGrid}
        disabled={job.schedule === null}
        error={refusal.beside('cut')}
        onChange={(event) => setGrid(event.currentTarget.checked)}
      />
      <TextInput
        label="Runs at the same time"
        value={atOnce}
        error={wrong.concurrency ?? refusal.beside('concurrency')}
        onChange={(event) => setAtOnce(event.currentTarget.value)}
      />
      <FormFoot
        refused={refusal.ofWhole}
        leave="Cancel"
        onLeave={onClose}
        send="Preview"
        isSending={preview.isPending}
      />
    </form>
  );
}

function previewOf(input: {
  job: string;
  from: number;
  to: number;
  cut: 'GRID' | 'ONE';
  concurrency: number;
}) {
  return request(PreviewBackfillDocument, { input });
}

function noTime(text: string): string {
  return `“${text}” is no time: write 24h, 7d, or 2026-11-20T00:00Z.`;
}

function Preview(props: Props & { shown: BackfillFieldsFragment; onBack: () => void }) {
  const { job, shown, onClose, onBack } = props;
  const client = useQueryClient();
  const start = useMutation({
    mutationFn: () => request(StartBackfillDocument, { id: shown.id }),
    onSuccess: ({ startBackfill: result }) => {
      if (result.__typename !== 'Backfill') return;
      toastDone(`The backfill of ${job.name} is started.`);
      void client.invalidateQueries({ queryKey: ['jobs'] });
      onClose();
    },
  });
  const result = start.data?.startBackfill;
  const problem = result && result.__typename !== 'Backfill' ? result : undefined;
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        start.mutate();
      }}
    >
      <p>
        <b>
          {formatPlural(shown.runs, 'run')} over {formatPlural(shown.recordsTotal, 'record')}
        </b>
        {shown.bytesTotal === null ? '' : `, ${formatBytes(shown.bytesTotal)}`}, at most{' '}
        {formatExact(shown.concurrency)} at a time:{' '}
        {shown.estimatedMs === null
          ? 'how long that takes is not known before a run is done'
          : formatAbout(shown.estimatedMs)}
        .
      </p>
      <p className="soft">
        What its runs make goes where the rows of {job.name} always go. Rows that are there already
        are written once more.
      </p>
      <FormFoot
        refused={start.error?.message ?? problem?.message}
        leave="Back"
        onLeave={onBack}
        send="Start backfill"
        isSending={start.isPending}
      />
    </form>
  );
}
