import { randomUUID } from 'node:crypto';
import { isSupervised } from '../lifecycle/announce-ready.ts';
import type { MetricFamily, ProcessMetrics } from './metric-family.ts';

/*
 * Figures of the other processes come by way of the supervisor:
 *
 *   api → supervisor            { type: 'metrics-request', id }
 *   supervisor → api            { type: 'metrics-asked', id, processes }    all but api, running or
 *   not supervisor → each of them   { type: 'metrics-request', id } each → supervisor → api     {
 *   type: 'metrics', id, families }           with its name as `process`
 */

/** How long a scrape waits for a process: well below the usual limit of ten seconds. */
const DEADLINE_MS = 1_500;

export interface CollectedMetrics {
  readonly answers: readonly ProcessMetrics[];
  /** All that were asked, those that did not answer included. */
  readonly processes: readonly string[];
}

/** Answers requests for figures for as long as the process lives. */
export function answerMetrics(
  families: () => readonly MetricFamily[] | Promise<readonly MetricFamily[]>,
): void {
  process.on('message', (message: unknown) => {
    const id = idOf(message, 'metrics-request');
    if (id === undefined) return;
    // If there is no answer, the process that asked reports it.
    void Promise.resolve(families()).then((found) => {
      if (process.connected) process.send?.({ type: 'metrics', id, families: found });
    });
  });
}

/** Asks the other processes; without a supervisor there are none to be asked. */
export async function collectMetrics(): Promise<CollectedMetrics> {
  if (!isSupervised()) return { answers: [], processes: [] };
  const id = randomUUID();
  const answers: ProcessMetrics[] = [];
  let processes: readonly string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, DEADLINE_MS);
  const listener = (message: unknown): void => {
    const parts = message as { processes: string[]; process: string; families: MetricFamily[] };
    if (idOf(message, 'metrics-asked') === id) processes = parts.processes;
    else if (idOf(message, 'metrics') === id) answers.push(parts);
    else return;
    if (processes.length > 0 && answers.length >= processes.length) resolve();
  };
  process.on('message', listener);
  try {
    process.send?.({ type: 'metrics-request', id });
    await promise;
  } finally {
    clearTimeout(timer);
    process.off('message', listener);
  }
  return { answers, processes };
}

function idOf(message: unknown, type: string): string | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { type: given, id } = message as { type?: unknown; id?: unknown };
  return given === type && typeof id === 'string' ? id : undefined;
}
