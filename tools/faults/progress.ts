import { setTimeout as delay } from 'node:timers/promises';
import { eventually, type FaultProxy, type Ledger, type Penstock } from '@penstock/testing';

/**
 * Waits until so many more records have been acknowledged. The load is the clock of a fault: on a
 * slow machine the same happens, later.
 */
export async function acknowledgedMore(ledger: Ledger, records: number): Promise<void> {
  const wanted = ledger.acknowledged.length + records;
  await eventually(() => ledger.acknowledged.length >= wanted, {
    deadlineMs: 60_000,
    intervalMs: 2,
    what: `${records} more acknowledged records`,
  });
}

/** Stops the broker's process for a while, as a machine does that swaps or is suspended. */
export async function standStill(penstock: Penstock, forMs: number): Promise<void> {
  process.kill(penstock.pid('broker'), 'SIGSTOP');
  try {
    await delay(forMs);
  } finally {
    process.kill(penstock.pid('broker'), 'SIGCONT');
  }
}

/** Lets nothing through for a while. */
export async function stall(proxy: FaultProxy, forMs: number): Promise<void> {
  const { faults } = proxy;
  proxy.faults = { isStalled: true };
  await delay(forMs);
  proxy.faults = faults;
}

/** Waits for what must come, and says what did not. */
export async function withDeadline<T>(promise: Promise<T>, what: string): Promise<T> {
  let outcome: { readonly value: T } | undefined;
  void promise.then((value) => (outcome = { value }));
  return (await eventually(() => outcome, { deadlineMs: 30_000, what })).value;
}
