import { StateMismatch } from '../../task/task-positions.ts';
import { StateLost } from './state-lost.ts';

/** Where the sources begin when a pipeline starts over. */
export type StartFrom = 'earliest' | 'latest' | 'committed';

/** What people decided about the state of a pipeline. */
export interface StateChoice {
  /** How often it was started over. */
  readonly epoch: number;
  /** Where the sources begin in this epoch; null in the first one, which begins as groups do. */
  readonly startFrom: StartFrom | null;
  /** `stateHash` of the definition for which the states of others are kept; null keeps none. */
  readonly keepFor: string | null;
}

/** As long as nobody has decided anything. */
export const UNDECIDED: StateChoice = { epoch: 0, startFrom: null, keepFor: null };

export function isSameChoice(one: StateChoice, other: StateChoice): boolean {
  return (
    one.epoch === other.epoch && one.startFrom === other.startFrom && one.keepFor === other.keepFor
  );
}

/**
 * Why a processor does not go on with its state until somebody decides: another definition made it,
 * or it is not there.
 */
export type StateProblem = 'changed' | 'lost';

export function stateProblemOf(error: unknown): StateProblem | null {
  if (error instanceof StateMismatch) return 'changed';
  return error instanceof StateLost ? 'lost' : null;
}
