import { PipelineDefinitionError } from '../topology/definition-error.ts';
import type { PipelineDefinition } from '../topology/pipeline-definition.ts';
import type { KeptClock } from './source-clock.ts';
import type { KeptUpstream } from './upstream-clock.ts';

/** What a commit keeps besides the operators' state. */
export interface KeptPositions {
  readonly partitions: readonly KeptClock[];
  readonly upstreams: readonly KeptUpstream[];
  /** ms since epoch; null before the first record. */
  readonly watermark: number | null;
  readonly stateHash: string;
  readonly exitSequence: number;
  /** How often the pipeline had been started over when the state was made. */
  readonly epoch: number;
  /** When a batch run has to end so that the earliest timer is due, ms since epoch; null: never. */
  readonly nextDueAt: number | null;
}

/** The state was made by another definition, whose meaning of it may be different. */
export class StateMismatch extends PipelineDefinitionError {
  constructor(pipeline: string, hashes: { readonly kept: string; readonly now: string }) {
    super(
      pipeline,
      `its keyed operators changed since its state was made (state of ${nameOf(hashes.kept)}, now ${nameOf(hashes.now)}): ` +
        'keep the state, start over, or run it under another name',
    );
  }
}

/**
 * What a state was kept with; null when it is new. Throws StateMismatch before anything is read.
 *
 * @param keepFor the hash of a definition for which states of others are kept, by decision
 */
export function stateFor(
  definition: PipelineDefinition,
  kept: unknown,
  keepFor: string | null = null,
): KeptPositions | null {
  if (kept === null || kept === undefined) return null;
  const positions = kept as KeptPositions;
  const { stateHash: now } = definition;
  if (positions.stateHash !== now && keepFor !== now) {
    throw new StateMismatch(definition.name, { kept: positions.stateHash, now });
  }
  return positions;
}

function nameOf(stateHash: string): string {
  return stateHash === '' ? 'a definition without state' : `definition ${stateHash}`;
}
