import type { ControlDatabase } from '@penstock/platform';
import { ACTIVE_STATES, HELD_STATES } from './batch-run-view.ts';
import type { ControlTransaction } from './window-claims.ts';

/**
 * The chain of states of a job's contiguous runs: each begins with the state that the newest run
 * which succeeded has left, its base, and leaves one itself.
 *
 * A run's base is noted when its first step asks for it. Walk: run 2 failed, run 3 went on without
 * it (`onFailure: 'continue'`), and run 2 is retried while run 3 is under way. Both have run 1 as
 * their base. Run 3 succeeds; from then on run 2's base is no longer the newest state: whatever run
 * 2 asks next, also to be counted as succeeded, finds that out, and it starts over from run 3's.
 */

/** The state of a run's generation, as its folder is named. */
export interface StateName {
  readonly runId: string;
  readonly generation: number;
}

export type StateBase =
  /** Null: there is none, so that the run begins with nothing. */
  | { readonly kind: 'base'; readonly base: StateName | null }
  /** The run has to start over, from the state that is the newest now. */
  | { readonly kind: 'changed' }
  /** Run `by` has gone on from what this run had left before: it cannot be taken out any more. */
  | { readonly kind: 'superseded'; readonly by: string };

/** Successes of a job whose states are kept: the newest, and what a restart of it begins with. */
const STATES_KEPT = 2;

const inChain = { windowKind: 'contiguous', detached: false, trigger: { not: 'backfill' } };
const NOTHING = '';

export class StateBases {
  readonly #database: ControlDatabase;

  constructor(database: ControlDatabase) {
    this.#database = database;
  }

  /** What a contiguous run begins with. The first answer of a generation is noted. */
  find(run: { readonly id: string; readonly job: string }): Promise<StateBase> {
    return this.#database.$transaction(async (tx) => {
      const row = await tx.batchRun.findUniqueOrThrow({ where: { id: run.id } });
      const newest = await newestState(tx, run);
      if (row.successNumber !== null && (newest?.successNumber ?? 0) > row.successNumber) {
        return { kind: 'superseded', by: newest?.runId ?? '' };
      }
      const name = newest === null ? NOTHING : nameOf(newest);
      if (row.stateBase !== null && row.stateBase !== name) {
        return { kind: 'changed' };
      }
      if (row.stateBase === null) {
        await tx.batchRun.update({ where: { id: run.id }, data: { stateBase: name } });
      }
      return { kind: 'base', base: newest };
    });
  }

  /** States of a job that a run may still need. */
  async kept(job: string): Promise<StateName[]> {
    const [succeeded, others] = await Promise.all([
      this.#database.batchRun.findMany({
        where: { job, ...inChain, state: 'succeeded', successNumber: { not: null } },
        orderBy: { successNumber: 'desc' },
        take: STATES_KEPT,
      }),
      this.#database.batchRun.findMany({
        where: { job, state: { in: [...ACTIVE_STATES, ...HELD_STATES] } },
      }),
    ]);
    return [
      ...succeeded.map(({ id, resultGeneration }) => ({
        runId: id,
        generation: resultGeneration ?? 1,
      })),
      ...others.map(({ id, generation }) => ({ runId: id, generation })),
    ];
  }
}

/**
 * The number of a run's success in the chain of its job; null for a run that is not part of it.
 * `changed`: it cannot succeed, because its base is no longer the newest state.
 */
export async function nextSuccess(
  tx: ControlTransaction,
  runId: string,
): Promise<number | null | 'changed'> {
  const run = await tx.batchRun.findUniqueOrThrow({ where: { id: runId } });
  if (run.windowKind !== 'contiguous' || run.detached || run.trigger === 'backfill') {
    return null;
  }
  const newest = await newestState(tx, run);
  if (run.stateBase !== null && run.stateBase !== (newest === null ? NOTHING : nameOf(newest))) {
    return 'changed';
  }
  const { _max } = await tx.batchRun.aggregate({
    where: { job: run.job },
    _max: { successNumber: true },
  });
  return (_max.successNumber ?? 0) + 1;
}

async function newestState(
  tx: Pick<ControlTransaction, 'batchRun'>,
  run: { readonly id: string; readonly job: string },
): Promise<(StateName & { readonly successNumber: number }) | null> {
  const row = await tx.batchRun.findFirst({
    where: {
      ...inChain,
      job: run.job,
      id: { not: run.id },
      state: 'succeeded',
      successNumber: { not: null },
    },
    orderBy: { successNumber: 'desc' },
  });
  return row === null
    ? null
    : {
        runId: row.id,
        generation: row.resultGeneration ?? row.generation,
        successNumber: row.successNumber ?? 0,
      };
}

function nameOf({ runId, generation }: StateName): string {
  return `${runId}-${generation}`;
}
