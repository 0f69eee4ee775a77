import type { PinoLogger } from '../logging/logger.ts';
import { onSupervisorMessage } from './announce-ready.ts';
import type { StopSteps } from './stop-steps.ts';

const DEADLINE_MS = 9_500;

export interface ShutdownOptions {
  readonly logger?: PinoLogger;
  /** The steps of the shutdown, to be named when it takes too long. */
  readonly steps?: StopSteps;
  /**
   * After this many ms the process ends with code 1, whatever is still open. A supervisor that
   * gives less time says so with its message `stop`.
   */
  readonly deadlineMs?: number;
}

/**
 * Runs `close` once when the process is asked to end: by SIGTERM, by SIGINT, or because the
 * supervisor's IPC channel closed (the supervisor is gone). `close` stops accepting, drains,
 * flushes and closes; then the event loop is empty and the process ends with code 0 by itself.
 * What still holds the loop open after the deadline is a bug, which is logged and ends with code 1.
 */
export function onShutdown(close: () => Promise<void> | void, options: ShutdownOptions = {}): void {
  const { logger } = options;
  let deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  let begunAt: number | undefined;
  let deadline: NodeJS.Timeout | undefined;
  const setDeadline = (): void => {
    clearTimeout(deadline);
    const leftMs = deadlineMs - (performance.now() - (begunAt ?? performance.now()));
    deadline = setTimeout(() => giveUp(options), Math.max(leftMs, 0)).unref();
  };
  const begin = (reason: string): void => {
    if (begunAt !== undefined) return;
    begunAt = performance.now();
    logger?.info({ reason }, 'stopping');
    setDeadline();
    void run(close, logger, () => clearTimeout(deadline));
  };
  process.on('SIGTERM', () => begin('SIGTERM'));
  process.on('SIGINT', () => begin('SIGINT'));
  // Only a process with a channel can lose it.
  if (!process.connected) return;
  process.on('disconnect', () => begin('the supervisor is gone'));
  onSupervisorMessage((message) => {
    const graceMs = graceOf(message);
    if (graceMs === undefined) return;
    // The message may come before the signal or after it.
    deadlineMs = Math.min(deadlineMs, graceMs);
    if (begunAt !== undefined) setDeadline();
  });
}

function graceOf(message: unknown): number | undefined {
  const { type, graceMs } = (message ?? {}) as { type?: unknown; graceMs?: unknown };
  return type === 'stop' && typeof graceMs === 'number' ? graceMs : undefined;
}

function giveUp({ logger, steps }: ShutdownOptions): void {
  logger?.fatal(
    { waitsFor: steps?.underWay(), open: process.getActiveResourcesInfo() },
    'could not stop in time: ending with work undone',
  );
  process.exit(1);
}

async function run(
  close: () => Promise<void> | void,
  logger: PinoLogger | undefined,
  clearDeadline: () => void,
): Promise<void> {
  try {
    await close();
    process.exitCode ??= 0;
  } catch (error) {
    logger?.error({ err: error }, 'stopping failed');
    process.exitCode = 1;
  }
  logger?.info('stopped');
  // The channel to the supervisor would keep the event loop alive.
  if (process.connected) process.disconnect();
  // A stray handle (a client library's idle socket) must not hold the process until the deadline.
  clearDeadline();
  setTimeout(() => {
    logger?.warn({ open: process.getActiveResourcesInfo() }, 'handles left open at the end');
    process.exit();
  }, 500).unref();
}
