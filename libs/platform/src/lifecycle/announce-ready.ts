/**
 * Tells the supervisor that this process now serves, and facts that the supervisor cannot know
 * before, such as which free ports it took. Without an IPC channel (a process started by hand or by
 * a container) it does nothing.
 */
export function announceReady(facts: object = {}): void {
  if (!process.connected) return;
  supervised = true;
  process.send?.({ type: 'ready', ...facts });
}

let supervised = false;

/** Whether a supervisor was told that this process is ready, and is still there. */
export function isSupervised(): boolean {
  return supervised && process.connected === true;
}

/** Says something to the supervisor; without one it does nothing. */
export function tellSupervisor(message: object): void {
  if (process.connected) process.send?.(message);
}

/**
 * Calls `listener` with every message that the supervisor sends over the IPC channel.
 * Returns a function that ends this.
 */
export function onSupervisorMessage(listener: (message: unknown) => void): () => void {
  process.on('message', listener);
  return () => process.off('message', listener);
}
