import type { BatchRun } from './queries.ts';

/** Failures that differ in numbers and quoted values only. */
export interface FailureKind {
  /** One of them, as it was said last. */
  readonly reason: string;
  readonly count: number;
  readonly lastAt: number;
  /** The newest run that failed for it. */
  readonly runId: string;
}

/** Why runs and their steps failed, the commonest first. */
export function failureKinds(runs: readonly BatchRun[]): FailureKind[] {
  const kinds = new Map<string, FailureKind>();
  for (const run of runs.toReversed()) {
    const at = run.finishedAt ?? run.startedAt ?? run.createdAt;
    const ofSteps = run.steps.flatMap(({ error }) => (error === null ? [] : [error]));
    const reasons = run.error === null ? ofSteps : [run.error, ...ofSteps];
    for (const reason of new Set(reasons)) {
      const kind = reason.replaceAll(/"[^"]*"/g, '""').replaceAll(/\d+/g, '0');
      const count = (kinds.get(kind)?.count ?? 0) + 1;
      kinds.set(kind, { reason, count, lastAt: at, runId: run.id });
    }
  }
  return [...kinds.values()].toSorted((a, b) => b.count - a.count || b.lastAt - a.lastAt);
}
