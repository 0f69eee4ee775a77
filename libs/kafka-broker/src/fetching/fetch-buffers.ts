import type { Clock } from '@penstock/kafka-log';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Sizes that are kept for reuse, and how many of each; a little above what clients ask for. */
const CLASSES = [
  { bytes: 64 * KIB, kept: 8 },
  { bytes: 256 * KIB, kept: 8 },
  { bytes: MIB + 64 * KIB, kept: 8 },
  { bytes: 4 * MIB + 64 * KIB, kept: 2 },
  { bytes: 16 * MIB + 64 * KIB, kept: 2 },
] as const;

/** Without a Fetch for this long the memory goes back to the system. */
const IDLE_MS = 10_000;

/**
 * Buffers for Fetch responses. The records of one response lie in one buffer, used again once the
 * kernel has its bytes: fresh megabytes for every response cost more than reading the file.
 */
export class FetchBuffers {
  readonly #clock: Clock;
  readonly #free = new Map<number, Buffer[]>();
  #usedSinceCheck = false;
  #isCheckPlanned = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A buffer of at least `bytes`; give it back with `release`. */
  take(bytes: number): Buffer {
    this.#usedSinceCheck = true;
    const size = CLASSES.find((each) => each.bytes >= bytes)?.bytes;
    if (size === undefined) return Buffer.allocUnsafeSlow(bytes);
    return this.#free.get(size)?.pop() ?? Buffer.allocUnsafeSlow(size);
  }

  release(buffer: Buffer): void {
    const kept = CLASSES.find(({ bytes }) => bytes === buffer.length)?.kept ?? 0;
    const free = this.#free.get(buffer.length) ?? [];
    if (free.length >= kept) return;
    free.push(buffer);
    this.#free.set(buffer.length, free);
    this.#planIdleCheck();
  }

  #planIdleCheck(): void {
    if (this.#isCheckPlanned) return;
    this.#isCheckPlanned = true;
    this.#usedSinceCheck = false;
    this.#clock.schedule(IDLE_MS, () => {
      this.#isCheckPlanned = false;
      if (this.#usedSinceCheck) this.#planIdleCheck();
      else this.#free.clear();
    });
  }
}
