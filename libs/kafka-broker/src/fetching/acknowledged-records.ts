import type { PartitionLog } from '@penstock/kafka-log';
import type { BrokerContext } from '../broker-context.ts';

/** After this time a request stops waiting for a sync, and its log counts as late. */
const WAIT_MS_MAX = 5_000;

/** Logs whose acknowledged records were not synced in time. */
export type LateLogs = ReadonlySet<PartitionLog>;

export const NONE_LATE: LateLogs = new Set();

/**
 * Makes sure that acknowledged records lie below the end that any later request is told. With
 * durability `fsync` a write with acks 1 or 0 is acknowledged before its sync, and the high
 * watermark reaches it only after the sync: requests that report an end wait for that sync.
 *
 * Undefined, the usual case, if there is nothing to wait for. If the sync fails, the log is offline
 * afterwards.
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
