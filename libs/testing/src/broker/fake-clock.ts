import { SimulatedClock } from '@penstock/kafka-log/faults';

/**
 * A clock that moves when it is told to, for a broker whose sockets and files are real: what it
 * puts off for a moment does not wait for the clock.
 */
export class FakeClock extends SimulatedClock {
  constructor(startMs = 0) {
    super(startMs);
  }

  override defer(action: () => void): void {
    setImmediate(action);
  }

  override async advance(byMs: number): Promise<void> {
    await super.advance(byMs);
    await settled();
  }
}

/** Resolves once everything that was already resolved has had its consequences. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
