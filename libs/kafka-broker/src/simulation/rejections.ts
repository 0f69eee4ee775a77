/**
 * Runs `play` and reports unhandled rejections to `onRejection`: a real process would end. Other
 * listeners do not get them meanwhile.
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
