import type {
  GroupHealth,
  PipelineMode,
  ProcessorState,
  StateProblem,
} from '../../generated/graphql.ts';
import type { LiveFrame } from '../../live/live-store.ts';
import { formatCount, formatDuration, formatRate } from '../../ui/numbers.ts';
import { groupLooks, processorLooks, runLooks, type StateLook } from '../../ui/state-mark.tsx';
import { formatMoment } from '../../ui/time.ts';
import type { Pipeline } from './queries.ts';

export interface CurrentProcessor {
  state: ProcessorState;
  desired: 'RUNNING' | 'PAUSED';
  consumed: number;
  produced: number;
  deadLettered: number;
  instances: number;
  lastError: string | null;
  stateProblem: StateProblem | null;
}

/** The processor as the last frame has it, else as it was fetched; null when it is batch only. */
export function currentProcessor(
  pipeline: Pipeline,
  frame: LiveFrame | null,
): CurrentProcessor | null {
  const live = frame?.processors.find((processor) => processor.pipeline === pipeline.name);
  if (live) return live;
  const { processor } = pipeline;
  return processor && { ...processor, instances: processor.instances.length };
}

/** A pause was asked for and its instances have not stopped yet. */
export function isPausing(processor: CurrentProcessor): boolean {
  return processor.desired === 'PAUSED' && processor.state === 'RUNNING';
}

export interface PipelineNow {
  look: StateLook;
  /** What it does now, or how its last run went. */
  now: string;
}

/** A running processor is as well as its group is; anything else is its own state. */
export function pipelineNow(pipeline: Pipeline, frame: LiveFrame | null): PipelineNow {
  const processor = currentProcessor(pipeline, frame);
  if (!processor) return batchNow(pipeline);
  const group = frame?.groups.find((candidate) => candidate.groupId === pipeline.groupId);
  if (isPausing(processor)) {
    return { look: { ...processorLooks.PAUSED, word: 'Pausing' }, now: '—' };
  }
  if (processor.state !== 'RUNNING') {
    return {
      look: processorLooks[processor.state],
      now: `${formatCount(processor.consumed)} read`,
    };
  }
  if (!group || group.health === 'UNKNOWN') {
    return { look: processorLooks.RUNNING, now: `${formatCount(processor.consumed)} read` };
  }
  return { look: groupLooks[group.health], now: rateText(group) };
}

function rateText(group: {
  health: GroupHealth;
  inPerSecond: number | null;
  outPerSecond: number | null;
}): string {
  return group.health === 'FALLING_BEHIND'
    ? `${formatRate(group.outPerSecond)} of ${formatRate(group.inPerSecond)}`
    : formatRate(group.outPerSecond);
}

function batchNow(pipeline: Pipeline): PipelineNow {
  const last = pipeline.batchJob?.lastRun;
  if (!last) return { look: { ...runLooks.WAITING, word: 'Not run yet' }, now: '—' };
  const took =
    last.startedAt !== null && last.finishedAt !== null
      ? `, ${formatDuration(last.finishedAt - last.startedAt)}`
      : '';
  const at = last.finishedAt ?? last.startedAt;
  return { look: runLooks[last.state], now: at === null ? '—' : `${formatMoment(at)}${took}` };
}

export const modeWords: Record<PipelineMode, string> = {
  STREAM: 'stream',
  BATCH: 'batch',
  EITHER: 'either',
};
