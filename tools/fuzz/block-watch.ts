const INTERVAL_MS = 5;

/**
 * How long the event loop was kept busy in one go. A gap between two ticks counts only as far as this
 * thread computed in it: a machine that is busy with others makes gaps too.
 */
export class BlockWatch {
  #longestMs = 0;
  #cpuMs = cpuMilliseconds();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => {
      const now = cpuMilliseconds();
      this.#longestMs = Math.max(this.#longestMs, now - this.#cpuMs);
      this.#cpuMs = now;
    }, INTERVAL_MS);
  }

  /** The longest time since the last call, ms. */
  take(): number {
    const longest = this.#longestMs;
    this.#longestMs = 0;
    return longest;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

function cpuMilliseconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
