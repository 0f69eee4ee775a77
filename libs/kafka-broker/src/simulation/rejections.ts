/**
 * Runs `play` and gives it to know of promises that are rejected without anybody who minds: a real
 * process would end. Whoever else listens for them does not hear of these.
 */
export async function withRejectionsWatched(
  onRejection: (error: unknown) => void,
  play: () => Promise<void>,
): Promise<void> {
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', onRejection);
  try {
    await play();
  } finally {
    process.removeListener('unhandledRejection', onRejection);
    for (const other of others) process.on('unhandledRejection', other);
  }
}
