import {
  IconCircleCheck,
  IconCircleX,
  IconClock,
  IconHelpCircle,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconPlugOff,
  IconRefresh,
  IconSquareX,
  IconTrendingDown,
  IconTrendingUp,
  type TablerIcon,
} from '@tabler/icons-react';
import type {
  BatchRunState,
  BatchStepState,
  GroupHealth,
  ProcessorState,
  ProcessState,
} from '../generated/graphql.ts';

export type Tone = 'well' | 'behind' | 'fail' | 'catch' | 'pause' | 'run' | 'unknown';

export interface StateLook {
  tone: Tone;
  word: string;
  icon: TablerIcon;
}

export const groupLooks: Record<GroupHealth, StateLook> = {
  KEEPING_UP: { tone: 'well', word: 'Keeping up', icon: IconCircleCheck },
  FALLING_BEHIND: { tone: 'behind', word: 'Falling behind', icon: IconTrendingUp },
  CATCHING_UP: { tone: 'catch', word: 'Catching up', icon: IconTrendingDown },
  STALLED: { tone: 'fail', word: 'Stalled', icon: IconPlayerStop },
  STOPPED: { tone: 'fail', word: 'Stopped', icon: IconSquareX },
  NO_MEMBERS: { tone: 'fail', word: 'No members', icon: IconPlugOff },
  PAUSED: { tone: 'pause', word: 'Paused', icon: IconPlayerPause },
  UNKNOWN: { tone: 'unknown', word: 'Unknown', icon: IconHelpCircle },
};

export const processorLooks: Record<ProcessorState, StateLook> = {
  STARTING: { tone: 'unknown', word: 'Starting', icon: IconClock },
  RUNNING: { tone: 'run', word: 'Running', icon: IconPlayerPlay },
  PAUSED: { tone: 'pause', word: 'Paused', icon: IconPlayerPause },
  RETRYING: { tone: 'behind', word: 'Retrying', icon: IconRefresh },
  FAILED: { tone: 'fail', word: 'Failed', icon: IconCircleX },
  STOPPED: { tone: 'fail', word: 'Stopped', icon: IconSquareX },
};

export const runLooks: Record<BatchRunState, StateLook> = {
  WAITING: { tone: 'unknown', word: 'Waiting', icon: IconClock },
  RUNNING: { tone: 'run', word: 'Running', icon: IconPlayerPlay },
  SUCCEEDED: { tone: 'well', word: 'Done', icon: IconCircleCheck },
  FAILED: { tone: 'fail', word: 'Failed', icon: IconCircleX },
  CANCELLED: { tone: 'pause', word: 'Cancelled', icon: IconPlayerStop },
};

export const stepLooks: Record<BatchStepState, StateLook> = {
  WAITING: runLooks.WAITING,
  RUNNING: runLooks.RUNNING,
  DONE: runLooks.SUCCEEDED,
  FAILED: runLooks.FAILED,
};

export const processLooks: Record<ProcessState, StateLook> = {
  STARTING: { tone: 'unknown', word: 'starting', icon: IconClock },
  RUNNING: { tone: 'well', word: 'up', icon: IconCircleCheck },
  BACKING_OFF: { tone: 'behind', word: 'restarting', icon: IconRefresh },
  STOPPED: { tone: 'fail', word: 'stopped', icon: IconSquareX },
};

/** A state is always an icon and a word; colour is the second cue. */
export function StateMark({ look, word }: { look: StateLook; word?: string | undefined }) {
  const Icon = look.icon;
  return (
    <span className="mark" data-tone={look.tone}>
      <Icon size={15} stroke={1.75} aria-hidden="true" />
      {word ?? look.word}
    </span>
  );
}
