/** What one read may bring: as much as a socket's buffer usually holds. */
const SHARED_BYTES = 512 * 1024;
/** The same while memory is scarce, so that many connections cannot bring much in one turn. */
const SCARCE_READ_BYTES = 16 * 1024;
/** Memory of a connection in the middle of a frame while there is plenty, and how much is kept. */
export const OWN_BYTES = 256 * 1024;
const OWN_KEPT = 16;
/** Beyond this part of the limit a connection gets memory only as its bytes arrive. */
const PLENTY = 1 / 8;

/**
 * How many waiting connections are woken at once: each try may fail, so not all of them try
 * whenever a little memory is given back.
 */
const WOKEN_AT_ONCE = 16;

/** Where connections without unfinished bytes receive; used within one turn of the event loop. */
export const SHARED = Buffer.allocUnsafeSlow(SHARED_BYTES);

/**
 * The memory of all connections together for requests that have not arrived as a whole or that wait
 * to be taken up.
 *
 * Up to the limit every connection gets the memory it needs. Above it, small requests still pass
 * through the shared buffer, and one connection at a time may have more memory, so that some
 * request always completes; the others are not read from until memory is given back. Bytes already
 * read are always kept. So the most that is held is the limit, one request of the largest size, and
 * 16 KiB per connection.
 */
export class ReceiveMemory {
  readonly #bytesMax: number;
  readonly #onScarce: () => void;
  readonly #spare: Buffer[] = [];
  /** Who waits for memory, in order, and how to tell them. */
  readonly #waiting = new Map<object, () => void>();
  #heldBytes = 0;
  #favoured: object | undefined;
  #isScarce = false;

  /** `onScarce`: all connections must ask for the target of their next read again. */
  constructor(bytesMax: number, onScarce: () => void) {
    this.#bytesMax = bytesMax;
    this.#onScarce = onScarce;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Connections that are not read from because memory is scarce. */
  get waiting(): number {
    return this.#waiting.size;
  }

  get isPlenty(): boolean {
    return this.#heldBytes < this.#bytesMax * PLENTY;
  }

  /** True when `bytes` more do not pass the limit. */
  fits(bytes: number): boolean {
    return this.#heldBytes + bytes <= this.#bytesMax;
  }

  /** The part of the shared buffer that a read may fill. */
  get sharedTarget(): Buffer {
    return this.#isScarce ? SHARED.subarray(0, SCARCE_READ_BYTES) : SHARED;
  }

  /** Memory for bytes that have been read already. */
  take(bytes: number): Buffer {
    this.#heldBytes += bytes;
    if (!this.#isScarce && this.#heldBytes > this.#bytesMax) {
      this.#isScarce = true;
      this.#onScarce();
    }
    return (bytes === OWN_BYTES ? this.#spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(bytes);
  }

  /** Memory for `bytes` instead of `insteadOf`; undefined when `asker` has to wait. */
  grow(asker: object, bytes: number, insteadOf: number, wake: () => void): Buffer | undefined {
    const fits = this.fits(bytes - insteadOf);
    if (!fits && this.#favoured !== undefined && this.#favoured !== asker) {
      this.#waiting.set(asker, wake);
      return undefined;
    }
    if (!fits) this.#favoured = asker;
    this.#waiting.delete(asker);
    return this.take(bytes);
  }

  giveBack(buffer: Buffer): void {
    this.#heldBytes -= buffer.length;
    if (buffer.length === OWN_BYTES && this.#spare.length < OWN_KEPT) this.#spare.push(buffer);
    if (this.#heldBytes > this.#bytesMax) return;
    if (this.#isScarce) {
      this.#isScarce = false;
      this.#onScarce();
    }
    this.wakeWaiting();
  }

  /** `asker` has all that it needed, or needs nothing any more. */
  isDone(asker: object): void {
    this.#waiting.delete(asker);
    if (this.#favoured !== asker) return;
    this.#favoured = undefined;
    this.wakeWaiting();
  }

  /** Lets some of those that wait try again; who still has to wait comes after the others. */
  wakeWaiting(): void {
    if (this.#waiting.size === 0) return;
    for (const [asker, wake] of [...this.#waiting].slice(0, WOKEN_AT_ONCE)) {
      this.#waiting.delete(asker);
      wake();
    }
  }
}
