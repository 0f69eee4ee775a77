import type { Compression } from './record-batch.ts';

/**
 * Compression, given from outside: this library has no codecs of its own. Snappy is Xerial-framed
 * and lz4 is the frame format, as Kafka's clients write them.
 */
export interface CompressionCodecs {
  compress(compression: Exclude<Compression, 'none'>, data: Buffer): Buffer;
  /** Must throw when the result would have more than `bytesMax` bytes. */
  decompress(compression: Exclude<Compression, 'none'>, data: Buffer, bytesMax: number): Buffer;
}
