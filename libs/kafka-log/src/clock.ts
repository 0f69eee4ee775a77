/** A timer that was scheduled; cancelling one that has fired does nothing. */
export interface Timer {
  cancel(): void;
}

/** Time as a parameter, so that a test or a simulation replays the same run. */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump in either direction. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back and does not jump. */
  monotonicNow(): number;
  /** Calls `action` once, `delayMs` milliseconds from now. Does not keep the process alive. */
  schedule(delayMs: number, action: () => void): Timer;
  /** Calls `action` after the input that is ready now has been handled (`setImmediate`). */
  defer(action: () => void): void;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicNow: () => performance.now(),
  schedule(delayMs, action) {
    const timeout = setTimeout(action, delayMs);
    timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
  defer: (action) => void setImmediate(action),
};
