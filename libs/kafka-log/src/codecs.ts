/** Compression codecs by their number in a batch's attributes (bits 0 to 2). */
export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Codec = (typeof CODECS)[number];

/** Data that does not decompress, or would decompress to more than was allowed. */
export class DecompressionError extends Error {
  override readonly name = 'DecompressionError';
}

/**
 * Decompresses the records of a batch.
 *
 * @param maxBytes output limit; more than this throws before it is allocated
 * @throws DecompressionError on malformed data or when the limit is passed
 */
export function decompress(codec: Codec, bytes: Buffer, maxBytes: number): Buffer {
  (void bytes, maxBytes);
  throw new DecompressionError(`codec ${codec} is not built yet`);
}
