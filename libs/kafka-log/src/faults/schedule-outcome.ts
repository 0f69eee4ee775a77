/** What came of one schedule. */
export interface ScheduleOutcome {
  readonly seed: number;
  /** A Violation, or what the product threw; undefined when every check held. */
  readonly error: Error | undefined;
  /** Of the whole trace: the same for the same seed. */
  readonly hash: string;
  readonly steps: number;
  readonly crashes: number;
  /** The end of the trace. */
  readonly tail: readonly string[];
}

/** What was thrown, as an error. */
export function asError(thrown: unknown): Error | undefined {
  if (thrown === undefined || thrown instanceof Error) return thrown;
  return new Error(`thrown: ${JSON.stringify(thrown)}`);
}
