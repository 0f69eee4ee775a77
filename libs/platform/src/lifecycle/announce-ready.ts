/**
 * Tells the supervisor that this process now serves, and what it cannot know before: the ports that
 * were free, for instance. Without an IPC channel (a process started by
 * hand or by a container) it does nothing.
 */
export function announceReady(facts: object = {}): void {
  if (process.connected) process.send?.({ type: 'ready', ...facts });
}

/**
 * Calls `listener` with every message that the supervisor sends over the IPC channel.
 * Returns a function that ends this.
 */
export function onSupervisorMessage(listener: (message: unknown) => void): () => void {
  process.on('message', listener);
  return () => process.off('message', listener);
}
