/**
 * For how long something lasts is measured on the machine's monotonic clock, which nobody sets, and
 * which all processes of a machine share. Those that share control.db are on one machine, because
 * SQLite's WAL is shared memory, so its readings may be kept there and compared by another process.
 *
 * It begins anew when the machine starts. A mark of an earlier start may therefore lie ahead of
 * now; whoever compares marks takes one that lies too far ahead for a mark that has run out.
 */

/** Milliseconds on the machine's monotonic clock. */
export function machineMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** Whether a mark was made within the last `durationMs`. */
export function isRecent(markMs: bigint | number, nowMs: number, durationMs: number): boolean {
  const ageMs = nowMs - Number(markMs);
  return ageMs >= 0 && ageMs < durationMs;
}

/**
 * A condition for marks "until when" that have run out: they are past, or further ahead than they
 * were ever set.
 */
export function ranOut(nowMs: number, durationMaxMs: number) {
  return [{ lte: BigInt(nowMs) }, { gt: BigInt(nowMs + durationMaxMs) }];
}
