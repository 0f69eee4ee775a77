import type { PipelineDefinition } from '../../topology/pipeline-definition.ts';
import type { SharedMark } from '../../watch/shared-mark.ts';
import type { CutOff } from '../../watch/work-mark.ts';
import type { KafkaPort, LoggerPort } from '../runtime-ports.ts';
import type { StateChoice, StateProblem } from './state-choice.ts';

export type StreamProcessorState =
  'starting' | 'running' | 'paused' | 'retrying' | 'failed' | 'stopped';

export interface StreamProcessorStatus {
  readonly state: StreamProcessorState;
  readonly consumed: number;
  readonly produced: number;
  readonly deadLettered: number;
  readonly partitions: number;
  /** Why it retries or failed last; null while all is well. */
  readonly lastError: string | null;
  /** Why its state stops it until somebody decides; null while it does not. */
  readonly stateProblem: StateProblem | null;
}

export interface StreamProcessorOptions {
  readonly definition: PipelineDefinition;
  readonly kafka: KafkaPort;
  readonly logger: LoggerPort;
  /** Folder of the states of all pipelines. */
  readonly stateFolder: string;
  /** What is decided about its state at this moment; nothing when absent. */
  readonly state?: () => StateChoice;
  readonly paused?: boolean;
  /** Told at each change of state. */
  readonly onState?: (state: StreamProcessorState, reason: string | null) => void;
  /** Told once per poll that had dead letters: the reason of each. */
  readonly onDeadLetters?: (reasons: readonly string[]) => void;
  /** Where it is said which function is under way. */
  readonly mark?: SharedMark;
  /** Items that become dead letters without a further try. */
  readonly cutOffs?: readonly CutOff[];
  /** Whether a `mapAsync` has one call under way at most. */
  readonly oneAtATime?: boolean;
  /**
   * Members of the group that this one stands in for: the thread that they ran in has ended, or
   * they stopped without leaving.
   */
  readonly replaces?: readonly string[];
  /** Told the id of each member that it becomes. */
  readonly onMember?: (memberId: string) => void;
}
