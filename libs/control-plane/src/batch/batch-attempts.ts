import type { ControlTransaction } from './window-claims.ts';

export type AttemptOutcome = 'succeeded' | 'failed' | 'cancelled';

/** Notes that an attempt is under way; the first note of it counts. */
export async function beginAttempt(
  tx: Pick<ControlTransaction, '$executeRaw'>,
  run: { readonly id: string; readonly attempt: number; readonly generation: number },
): Promise<void> {
  await tx.$executeRaw`
    INSERT OR IGNORE INTO "BatchAttempt" ("runId", "attempt", "generation", "startedAt")
    VALUES (${run.id}, ${run.attempt}, ${run.generation}, ${BigInt(Date.now())})`;
}

/** Notes how the attempts of a run that are under way have ended. */
export async function endAttempts(
  tx: Pick<ControlTransaction, '$executeRaw'>,
  runId: string,
  outcome: AttemptOutcome,
  error: string | null = null,
): Promise<void> {
  await tx.$executeRaw`
    UPDATE "BatchAttempt" SET "finishedAt" = ${BigInt(Date.now())}, "outcome" = ${outcome},
      "error" = ${error}
    WHERE "runId" = ${runId} AND "outcome" IS NULL`;
}
