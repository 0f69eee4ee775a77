import type { PinoLogger } from '../logging/logger.ts';

const DEADLINE_MS = 9_500;

export interface ShutdownOptions {
  readonly logger?: PinoLogger;
  /** After this many ms the process ends with code 1, whatever is still open. */
  readonly deadlineMs?: number;
}

/**
 * Runs `close` once when the process is asked to end: by SIGTERM, by SIGINT, or because the
 * supervisor's IPC channel closed (the supervisor is gone). `close` stops accepting, drains,
 * flushes and closes; then the event loop is empty and the process ends with code 0 by itself.
 * What still holds the loop open after the deadline is a bug, which is logged and ends with code 1.
 */
export function onShutdown(close: () => Promise<void> | void, options: ShutdownOptions = {}): void {
  let closing = false;
  const begin = (reason: string): void => {
    if (closing) return;
    closing = true;
    options.logger?.info({ reason }, 'stopping');
    const deadline = setTimeout(() => {
      options.logger?.fatal(
        { open: process.getActiveResourcesInfo() },
        'could not stop in time: ending with work undone',
      );
      process.exit(1);
    }, options.deadlineMs ?? DEADLINE_MS);
    deadline.unref();
    void run(close, options.logger, deadline);
  };
  process.on('SIGTERM', () => begin('SIGTERM'));
  process.on('SIGINT', () => begin('SIGINT'));
  // Only a process with a channel can lose it.
  if (process.connected) process.on('disconnect', () => begin('the supervisor is gone'));
}

async function run(
  close: () => Promise<void> | void,
  logger: PinoLogger | undefined,
  deadline: NodeJS.Timeout,
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
  clearTimeout(deadline);
  setTimeout(() => {
    logger?.warn({ open: process.getActiveResourcesInfo() }, 'handles left open at the end');
    process.exit();
  }, 500).unref();
}
