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

/**
 * What may wait in answers that clients have not taken yet. Apache Kafka holds none: `sendfile`.
 */
const LENT_BYTES_MAX = 128 * MIB;
/**
 * Above this part of the limit answers get smaller, so that some memory is left for every client.
 */
const AMPLE = 1 / 2;
const SHARE = 1 / 8;

/** Without a Fetch for this long the memory goes back to the system. */
const IDLE_MS = 10_000;

/**
 * Buffers for Fetch responses. The records of one response lie in one buffer, used again once the
 * kernel has its bytes: fresh megabytes for every response cost more than reading the file.
 */
export class FetchBuffers {
  readonly #clock: Clock;
  readonly #free = new Map<number, Buffer[]>();
  #lentBytes = 0;
  #usedSinceCheck = false;
  #isCheckPlanned = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Memory of the answers that are on their way. */
  get lentBytes(): number {
    return this.#lentBytes;
  }

  /**
   * How much of the `wanted` bytes an answer should hold. Clients that ask for much and do not read
   * it make the answers of all smaller; a first batch is answered whatever this says.
   */
  allowance(wanted: number): number {
    if (this.#lentBytes <= LENT_BYTES_MAX * AMPLE) return wanted;
    const share = Math.floor((LENT_BYTES_MAX - this.#lentBytes) * SHARE);
    return Math.min(wanted, Math.max(share, CLASSES[0].bytes));
  }

  /** A buffer of at least `bytes`; give it back with `release`. */
  take(bytes: number): Buffer {
    this.#usedSinceCheck = true;
    const size = CLASSES.find((each) => each.bytes >= bytes)?.bytes;
    this.#lentBytes += size ?? bytes;
    if (size === undefined) return Buffer.allocUnsafeSlow(bytes);
    return this.#free.get(size)?.pop() ?? Buffer.allocUnsafeSlow(size);
  }

  release(buffer: Buffer): void {
    this.#lentBytes -= buffer.length;
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
