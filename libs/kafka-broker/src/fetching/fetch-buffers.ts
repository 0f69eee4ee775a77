/** Sizes that are kept for reuse: most Fetch responses fit one of them. */
const SIZES = [64 * 1024, 256 * 1024, 1024 * 1024 + 64 * 1024, 4 * 1024 * 1024] as const;
const KEPT_PER_SIZE = 8;

/**
 * Buffers for Fetch responses. One response is one contiguous buffer, used again once the kernel
 * has its bytes; a fresh megabyte for every response would cost more than reading the file.
 */
export class FetchBuffers {
  readonly #free = new Map<number, Buffer[]>(SIZES.map((size) => [size, []]));

  /** A buffer of at least `bytes`; give it back with `release`. */
  take(bytes: number): Buffer {
    const size = SIZES.find((candidate) => candidate >= bytes);
    if (size === undefined) return Buffer.allocUnsafeSlow(bytes);
    return this.#free.get(size)?.pop() ?? Buffer.allocUnsafeSlow(size);
  }

  release(buffer: Buffer): void {
    const free = this.#free.get(buffer.length);
    if (free && free.length < KEPT_PER_SIZE) free.push(buffer);
  }
}
