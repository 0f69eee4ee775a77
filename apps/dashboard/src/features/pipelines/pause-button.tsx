import { Modal } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import {
  PauseProcessorDocument,
  ResumeProcessorDocument,
  type PauseProcessorMutation,
} from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { liveStore } from '../../live/live-store.ts';
import { formatCount, formatPlural } from '../../ui/numbers.ts';
import { toastDone, toastFailed } from '../../ui/toast.tsx';
import type { CurrentProcessor } from './pipeline-state.ts';
import type { Pipeline } from './queries.ts';
import '../../ui/dialog.css';

type Result = PauseProcessorMutation['pauseProcessor'];

/** Pausing says its effect in numbers first; resuming needs no question. */
export function PauseButton(props: {
  pipeline: Pipeline;
  processor: CurrentProcessor;
  small?: boolean;
}) {
  const { pipeline, processor, small } = props;
  const [isAsking, setAsking] = useState(false);
  const client = useQueryClient();
  // The page shows the last frame, so the dialog stays until a frame has the requested state.
  const done = async (result: Result, message: string) => {
    if (result.__typename === 'Processor') {
      await shownAs(pipeline.name, result.desired);
      toastDone(message);
    } else toastFailed(result.message);
    setAsking(false);
    await client.invalidateQueries({ queryKey: ['pipelines'] });
  };
  const variables = { pipeline: pipeline.name };
  const pause = useMutation({
    mutationFn: () => request(PauseProcessorDocument, variables),
    onSuccess: (data) => done(data.pauseProcessor, `${pipeline.name} is paused; its records wait.`),
    onError: (error) => toastFailed(error.message),
  });
  const resume = useMutation({
    mutationFn: () => request(ResumeProcessorDocument, variables),
    onSuccess: (data) => done(data.resumeProcessor, `${pipeline.name} goes on.`),
    onError: (error) => toastFailed(error.message),
  });
  const className = small ? 'btn btn-small' : 'btn';
  if (processor.desired === 'PAUSED') {
    return (
      <button
        type="button"
        className={className}
        disabled={resume.isPending}
        data-key="p"
        onClick={() => resume.mutate()}
      >
        <IconPlayerPlay size={15} stroke={1.75} aria-hidden="true" /> Resume
      </button>
    );
  }
  return (
    <>
      <button type="button" className={className} data-key="p" onClick={() => setAsking(true)}>
        <IconPlayerPause size={15} stroke={1.75} aria-hidden="true" /> Pause…
      </button>
      <Modal
        opened={isAsking}
        onClose={() => setAsking(false)}
        title={`Pause ${pipeline.name}?`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <p className="soft">{pauseEffect(pipeline, processor)}</p>
        <div className="form-actions" style={{ marginTop: 16 }}>
          <button type="button" className="btn" onClick={() => setAsking(false)}>
            Cancel
          </button>
          <button
            type="button"
            className="btn btn-primary"
            disabled={pause.isPending}
            onClick={() => pause.mutate()}
          >
            <IconPlayerPause size={15} stroke={1.75} aria-hidden="true" /> Pause
          </button>
        </div>
      </Modal>
    </>
  );
}

const frameWaitMsMax = 3_000;

/** Resolves when a frame shows the processor as it is wanted, at the latest after 3 s. */
function shownAs(pipeline: string, desired: CurrentProcessor['desired']): Promise<void> {
  const isShown = () =>
    liveStore
      .getState()
      .frame?.processors.some((now) => now.pipeline === pipeline && now.desired === desired);
  return new Promise((resolve) => {
    const finish = () => {
      stop();
      clearTimeout(timer);
      resolve();
    };
    const stop = liveStore.subscribe(() => isShown() && finish());
    const timer = setTimeout(finish, frameWaitMsMax);
    if (isShown()) finish();
  });
}

function pauseEffect(pipeline: Pipeline, processor: CurrentProcessor): string {
  const arriving =
    pipeline.groupId === null
      ? null
      : liveStore.mean30({ kind: 'GROUP', subject: pipeline.groupId, metric: 'IN' });
  const stops = `${formatPlural(processor.instances, 'instance stops', 'instances stop')} reading ${pipeline.sources.join(', ')}.`;
  if (arriving === null || arriving < 0.05) return `${stops} Records that arrive meanwhile wait.`;
  return `${stops} Lag grows by about ${formatCount(arriving * 60)} records a minute; none is lost while the topic keeps it.`;
}
