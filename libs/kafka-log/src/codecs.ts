import { createRequire } from 'node:module';
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Compression, CompressionCodecs } from '@penstock/kafka-protocol';
import { Lz4Decoder } from './lz4-decoder.ts';

/** Native code, loaded when the first batch needs it, so that a start does not wait for it. */
const load = createRequire(import.meta.url);
let snappyModule: typeof import('snappy') | undefined;
let lz4Module: typeof import('lz4-napi') | undefined;
const snappy = () => (snappyModule ??= load('snappy') as typeof import('snappy'));
const lz4Native = () => (lz4Module ??= load('lz4-napi') as typeof import('lz4-napi'));

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
  // Outside the `try`: a module that cannot be loaded does not make the data malformed.
  if (codec === 'snappy') snappy();
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
      case 'lz4':
        return lz4(new Lz4Decoder(Math.min(maxBytes, 4 * bytes.length)), bytes, maxBytes);
    }
  } catch (error) {
    if (error instanceof DecompressionError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new DecompressionError(`${codec} data passes ${maxBytes} bytes`, { cause: error });
    }
    throw new DecompressionError(`${codec}: ${(error as Error).message}`, { cause: error });
  }
}

const SHARED_SIZE = 64 * 1024;
const SHARED_SIZE_MAX = 4 * 1024 * 1024;
let shared = new Lz4Decoder(SHARED_SIZE);

/**
 * Like `decompress`, but the result is valid only until the next call, which may overwrite it.
 * Saves a new buffer for each batch.
 */
export function decompressBriefly(codec: Compression, bytes: Buffer, maxBytes: number): Buffer {
  if (codec !== 'lz4') return decompress(codec, bytes, maxBytes);
  try {
    return lz4(shared, bytes, maxBytes);
  } finally {
    // A buffer this large is not kept.
    if (shared.out.length > SHARED_SIZE_MAX) shared = new Lz4Decoder(SHARED_SIZE);
  }
}

function lz4(decoder: Lz4Decoder, bytes: Buffer, maxBytes: number): Buffer {
  const length = decoder.decode(bytes, maxBytes);
  if (length >= 0) return decoder.out.subarray(0, length);
  throw new DecompressionError(`lz4 frame is malformed or passes ${maxBytes} bytes`);
}

/** Compresses the records of a batch as Kafka's clients do. */
export function compress(codec: Codec, bytes: Buffer): Buffer {
  switch (codec) {
    case 'gzip':
      return gzipSync(bytes);
    case 'zstd':
      return zstdCompressSync(bytes);
    case 'lz4':
      return lz4Native().compressFrameSync(bytes);
    case 'snappy': {
      const block = snappy().compressSync(bytes);
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

/**
 * A raw snappy block begins with its uncompressed length as an unsigned varint of up to 5 bytes.
 */
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
  return snappy().uncompressSync(bytes, { asBuffer: true }) as Buffer;
}
