import { Modal } from '@mantine/core';
import { IconPlayerSkipForward, IconRefresh } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import {
  KeepProcessorStateDocument,
  StartProcessorOverDocument,
  type StartFrom,
  type StateProblem,
} from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { formatPlural } from '../../ui/numbers.ts';
import { Section } from '../../ui/section.tsx';
import { toastDone, toastFailed } from '../../ui/toast.tsx';
import type { Pipeline } from './queries.ts';
import './pipelines.css';
import '../../ui/dialog.css';

type Way = 'KEEP' | StartFrom;

/** What its state can become, while that stops the processor: each way with what it counts. */
export function StateChoices(props: {
  pipeline: Pipeline;
  problem: StateProblem;
  /** Records that wait, when they are known. */
  lag: number | null;
}) {
  const { pipeline, problem } = props;
  const [asked, setAsked] = useState<Way | null>(null);
  const effects = effectsOf(props.lag);
  const button = (way: Way, text: string) => (
    <button type="button" className="btn btn-small" onClick={() => setAsked(way)}>
      {text}
    </button>
  );
  return (
    <div style={{ borderBottom: '1px solid var(--line)' }}>
      <Section title="Its state" hint="nothing is read or thrown away until you choose">
        <ul className="ways">
          {problem === 'CHANGED' ? (
            <WayRow title="Keep the state" effect={effects.KEEP} action={button('KEEP', 'Keep…')} />
          ) : (
            <WayRow
              title="Bring the state back"
              effect={
                <>
                  Put the missing files back into <code>state/{pipeline.name}/stream</code> of the
                  data folder. It goes on by itself, and nothing is read again or left out.
                </>
              }
            />
          )}
          {(['EARLIEST', 'COMMITTED', 'LATEST'] as const).map((from) => (
            <WayRow
              key={from}
              title={`Start over from ${places[from]}`}
              effect={effects[from]}
              action={button(from, 'Start over…')}
            />
          ))}
          <WayRow
            title="Run under another name"
            effect="Rename it in its definition: as a new pipeline it begins at the log start, and the state of this one stays."
          />
        </ul>
        <p className="quiet small">
          State of this definition: <code>{pipeline.stateHash || 'none'}</code>
        </p>
      </Section>
      <ConfirmWay pipeline={pipeline} way={asked} effects={effects} close={() => setAsked(null)} />
    </div>
  );
}

function WayRow(props: { title: string; effect: ReactNode; action?: ReactNode }) {
  return (
    <li>
      <b>{props.title}</b>
      <p>{props.effect}</p>
      {props.action}
    </li>
  );
}

function ConfirmWay(props: {
  pipeline: Pipeline;
  way: Way | null;
  effects: Record<Way, string>;
  close: () => void;
}) {
  const { way, close } = props;
  const { name } = props.pipeline;
  const client = useQueryClient();
  const told = async (result: { __typename: string; message?: string }, done: string) => {
    if (result.__typename === 'Processor') toastDone(done);
    else toastFailed(result.message ?? 'It was refused.');
    close();
    await client.invalidateQueries({ queryKey: ['pipelines'] });
  };
  const onError = (error: Error) => toastFailed(error.message);
  const keep = useMutation({
    mutationFn: () => request(KeepProcessorStateDocument, { pipeline: name }),
    onSuccess: (data) => told(data.keepProcessorState, `${name} goes on with its state.`),
    onError,
  });
  const startOver = useMutation({
    mutationFn: (from: StartFrom) => request(StartProcessorOverDocument, { pipeline: name, from }),
    onSuccess: (data) => told(data.startProcessorOver, `${name} starts over.`),
    onError,
  });
  const isKeep = way === 'KEEP';
  return (
    <Modal
      opened={way !== null}
      onClose={close}
      title={
        isKeep || way === null
          ? `Keep the state of ${name}?`
          : `Start ${name} over from ${places[way]}?`
      }
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <p className="soft">{way !== null && props.effects[way]}</p>
      {!isKeep && (
        <p className="soft">
          The state of before stays on the disk for an hour at least, to be put back by hand.
        </p>
      )}
      <div className="form-actions" style={{ marginTop: 16 }}>
        <button type="button" className="btn" onClick={close}>
          Cancel
        </button>
        <button
          type="button"
          className="btn btn-primary"
          disabled={keep.isPending || startOver.isPending}
          onClick={() => {
            if (way === 'KEEP') keep.mutate();
            else if (way !== null) startOver.mutate(way);
          }}
        >
          {isKeep ? (
            <IconPlayerSkipForward size={15} stroke={1.75} aria-hidden="true" />
          ) : (
            <IconRefresh size={15} stroke={1.75} aria-hidden="true" />
          )}{' '}
          {isKeep ? 'Keep the state' : 'Start over'}
        </button>
      </div>
    </Modal>
  );
}

const places: Record<StartFrom, string> = {
  EARLIEST: 'the log start',
  COMMITTED: 'the committed offsets',
  LATEST: 'the log end',
};

/** What is counted twice, and what not at all. */
function effectsOf(lag: number | null): Record<Way, string> {
  const waiting =
    lag === null
      ? 'the records that wait'
      : formatPlural(lag, 'record that waits', 'records that wait');
  return {
    KEEP: 'No record is read again or left out. Results are right when the changed steps mean the same by what is kept.',
    EARLIEST:
      'Everything the topics still hold is counted anew. Rows are written again with the same ids: who goes by penstock.id has each once, who adds rows up has them twice.',
    COMMITTED:
      'No record is read again or left out. What the state held, such as open windows and sums, is not counted.',
    LATEST: `What the state held is not counted, nor are ${waiting}: only what arrives from now on is.`,
  };
}
