import type { PartitionLog } from '@penstock/kafka-log';
import type { BrokerContext } from '../broker-context.ts';

/** A disk that takes longer than this is answered for as one that fails. */
const WAIT_MS_MAX = 5_000;

/** Logs of which the disk did not take in time what was acknowledged. */
export type LateLogs = ReadonlySet<PartitionLog>;

export const NONE_LATE: LateLogs = new Set();

/**
 * What was acknowledged lies below the end that any later request sees. With durability `fsync` a
 * write with acks 1 or 0 is acknowledged before its sync, and the high watermark reaches it only
 * with that: requests that tell an end wait for the sync that is under way.
 *
 * Undefined, the usual case, if there is nothing to wait for. Where the disk fails the log is
 * offline afterwards.
 */
export function acknowledgedRecordsVisible(
  { clock }: BrokerContext,
  logs: readonly PartitionLog[],
): Promise<LateLogs> | undefined {
  const late = new Set(logs.filter((log) => !log.isOffline && log.isBehindAcknowledged));
  if (late.size === 0) return undefined;
  return new Promise((resolve) => {
    const timer = clock.schedule(WAIT_MS_MAX, () => resolve(late));
    const done = (log: PartitionLog): void => {
      late.delete(log);
      if (late.size > 0) return;
      timer.cancel();
      resolve(late);
    };
    for (const log of [...late]) {
      log.whenAcknowledgedIsVisible().then(
        () => done(log),
        () => done(log),
      );
    }
  });
}
