/**
 * Durations are measured on the machine's monotonic clock, which nobody sets and which all
 * processes of the machine share. The processes that share control.db are on one machine, because
 * SQLite's WAL is shared memory. So one process may store a reading there and another may compare
 * it.
 *
 * The clock starts anew when the machine starts. A mark from before that may therefore lie ahead of
 * now; a mark that lies too far ahead counts as one that has run out.
 *
 * Who compares has read the clock a while before: its statement waited for the database, or for a
 * busy process. Walk: A reads the clock to look for leases that ran out; B renews its lease; A's
 * statement begins and finds a lease that ends later than any could that was set before A read the
 * clock. It is a good one.
 */

/** How long ago who compares may have read the clock. */
const READ_AGO_MAX_MS = 30_000;

/** Milliseconds on the machine's monotonic clock. */
export function machineMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** Whether a mark was made within the last `durationMs`. */
export function isRecent(markMs: bigint | number, nowMs: number, durationMs: number): boolean {
  const ageMs = nowMs - Number(markMs);
  return ageMs >= -READ_AGO_MAX_MS && ageMs < durationMs;
}

/**
 * A condition for "until when" marks that have run out: they are past, or further ahead than any
 * mark is set.
 */
export function ranOut(nowMs: number, durationMaxMs: number) {
  return [{ lte: BigInt(nowMs) }, { gt: BigInt(nowMs + durationMaxMs + READ_AGO_MAX_MS) }];
}
