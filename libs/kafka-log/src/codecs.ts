import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import { compressSync, uncompressSync } from 'snappy';
import type { Compression, CompressionCodecs } from '@penstock/kafka-protocol';
import { lz4FrameSize } from './lz4-size.ts';

type Codec = Exclude<Compression, 'none'>;

/** Data that does not decompress, or would decompress to more than was allowed. */
export class DecompressionError extends Error {
  override readonly name = 'DecompressionError';
}

/**
 * Decompresses the records of a batch.
 *
 * @param maxBytes output limit, at least 1; more than this throws before it is allocated
 * @throws DecompressionError on malformed data or when the limit is passed
 */
export function decompress(codec: Compression, bytes: Buffer, maxBytes: number): Buffer {
  try {
    switch (codec) {
      case 'none':
        return bounded(bytes, maxBytes);
      case 'gzip':
        return gunzipSync(bytes, { maxOutputLength: maxBytes });
      case 'zstd':
        return zstdDecompressSync(bytes, { maxOutputLength: maxBytes });
      case 'snappy':
        return isXerial(bytes) ? xerial(bytes, maxBytes) : snappyBlock(bytes, maxBytes);
      case 'lz4': {
        if (lz4FrameSize(bytes, maxBytes) < 0) {
          throw new DecompressionError(`lz4 frame is malformed or passes ${maxBytes} bytes`);
        }
        return decompressFrameSync(bytes);
      }
    }
  } catch (error) {
    if (error instanceof DecompressionError) throw error;
    throw new DecompressionError(`${codec}: ${(error as Error).message}`, { cause: error });
  }
}

/** Compresses the records of a batch as Kafka's clients do. */
export function compress(codec: Codec, bytes: Buffer): Buffer {
  switch (codec) {
    case 'gzip':
      return gzipSync(bytes);
    case 'zstd':
      return zstdCompressSync(bytes);
    case 'lz4':
      return compressFrameSync(bytes);
    case 'snappy': {
      const block = compressSync(bytes);
      const prefix = Buffer.alloc(XERIAL_HEADER_SIZE + 4);
      XERIAL_MAGIC.copy(prefix);
      prefix.writeInt32BE(1, 8);
      prefix.writeInt32BE(1, 12);
      prefix.writeInt32BE(block.length, XERIAL_HEADER_SIZE);
      return Buffer.concat([prefix, block]);
    }
  }
}

/** The codecs in the shape that kafka-protocol takes them. */
export const compressionCodecs: CompressionCodecs = { compress, decompress };

function bounded(bytes: Buffer, maxBytes: number): Buffer {
  if (bytes.length > maxBytes) throw new DecompressionError(`passes ${maxBytes} bytes`);
  return bytes;
}

/** Header of snappy-java's stream: magic, version i32, compatible version i32; then blocks. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_SIZE = 16;

function isXerial(bytes: Buffer): boolean {
  return bytes.length >= XERIAL_HEADER_SIZE && bytes.subarray(0, 8).equals(XERIAL_MAGIC);
}

/** Blocks of: length i32, raw snappy. */
function xerial(bytes: Buffer, maxBytes: number): Buffer {
  const blocks: Buffer[] = [];
  let total = 0;
  let position = XERIAL_HEADER_SIZE;
  while (position < bytes.length) {
    if (position + 4 > bytes.length) throw new DecompressionError('xerial block is cut off');
    const length = bytes.readInt32BE(position);
    position += 4;
    if (length <= 0 || position + length > bytes.length) {
      throw new DecompressionError('xerial block length is out of range');
    }
    const block = snappyBlock(bytes.subarray(position, position + length), maxBytes - total);
    blocks.push(block);
    total += block.length;
    position += length;
  }
  return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks, total);
}

/** A raw snappy block begins with its uncompressed length as an unsigned varint of up to 5 bytes. */
function snappyBlock(bytes: Buffer, maxBytes: number): Buffer {
  let length = 0;
  let shift = 1;
  for (let i = 0; ; i++) {
    const byte = bytes[i];
    if (byte === undefined || i === 5) throw new DecompressionError('snappy length is malformed');
    length += (byte & 0x7f) * shift;
    if (byte < 0x80) break;
    shift *= 128;
  }
  if (length > maxBytes) throw new DecompressionError(`snappy block passes ${maxBytes} bytes`);
  return uncompressSync(bytes, { asBuffer: true }) as Buffer;
}
