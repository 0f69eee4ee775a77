import {
  IconArrowsExchange,
  IconCircleCheck,
  IconCircleX,
  IconMailOff,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconPlugConnected,
  IconPlugOff,
  IconPlus,
  IconPower,
  IconRefresh,
  IconTrash,
  IconUserOff,
} from '@tabler/icons-react';
import type { EventKind } from '../../generated/graphql.ts';
import type { StateLook } from '../../ui/state-mark.tsx';

/** Icon, tone and kind in words for each event. */
export const eventLooks: Record<EventKind, StateLook> = {
  TOPIC_CREATED: { tone: 'unknown', word: 'Topic created', icon: IconPlus },
  TOPIC_DELETED: { tone: 'unknown', word: 'Topic deleted', icon: IconTrash },
  GROUP_REBALANCED: { tone: 'unknown', word: 'Rebalance', icon: IconArrowsExchange },
  GROUP_EMPTIED: { tone: 'behind', word: 'Group emptied', icon: IconUserOff },
  PROCESSOR_STARTED: { tone: 'run', word: 'Processor started', icon: IconPlayerPlay },
  PROCESSOR_PAUSED: { tone: 'pause', word: 'Processor paused', icon: IconPlayerPause },
  PROCESSOR_RESUMED: { tone: 'run', word: 'Processor resumed', icon: IconPlayerPlay },
  PROCESSOR_FAILED: { tone: 'fail', word: 'Processor failed', icon: IconCircleX },
  RECORD_DEAD_LETTERED: { tone: 'behind', word: 'Dead letter', icon: IconMailOff },
  RUN_CREATED: { tone: 'unknown', word: 'Run created', icon: IconPlus },
  RUN_STARTED: { tone: 'run', word: 'Run started', icon: IconPlayerPlay },
  RUN_PROGRESS: { tone: 'run', word: 'Run progress', icon: IconPlayerPlay },
  RUN_RETRIED: { tone: 'behind', word: 'Run retried', icon: IconRefresh },
  RUN_SUCCEEDED: { tone: 'well', word: 'Run done', icon: IconCircleCheck },
  RUN_FAILED: { tone: 'fail', word: 'Run failed', icon: IconCircleX },
  RUN_CANCELLED: { tone: 'pause', word: 'Run cancelled', icon: IconPlayerStop },
  PROCESS_STARTED: { tone: 'well', word: 'Process started', icon: IconPower },
  PROCESS_EXITED: { tone: 'fail', word: 'Process ended', icon: IconPlugOff },
  REDIS_CONNECTED: { tone: 'well', word: 'Redis connected', icon: IconPlugConnected },
  REDIS_LOST: { tone: 'fail', word: 'Redis lost', icon: IconPlugOff },
  BROKER_CONNECTED: { tone: 'well', word: 'Broker connected', icon: IconPlugConnected },
  BROKER_LOST: { tone: 'fail', word: 'Broker lost', icon: IconPlugOff },
};
