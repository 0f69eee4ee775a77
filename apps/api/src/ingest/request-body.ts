import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import { IngestRefusal } from '@penstock/control-plane';

type Decompress = (data: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const DECOMPRESSORS: Readonly<Record<string, Decompress>> = {
  gzip: promisify(gunzip) as Decompress,
  'x-gzip': promisify(gunzip) as Decompress,
  deflate: promisify(inflate) as Decompress,
  br: promisify(brotliDecompress) as Decompress,
  zstd: promisify(zstdDecompress) as Decompress,
};

const ENCODINGS = ['identity', 'gzip', 'deflate', 'br', 'zstd'];

/**
 * Undoes the Content-Encoding of a body.
 * @throws IngestRefusal for an encoding that is not known, a body that is not in it, or one that
 *   would grow beyond `bytesMax`
 */
export async function decompress(
  body: Buffer,
  encoding: string | undefined,
  bytesMax: number,
): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? 'identity';
  if (name === 'identity' || name === '') return body;
  const decompressor = DECOMPRESSORS[name];
  if (decompressor === undefined) {
    throw new IngestRefusal({
      code: 'unsupported-encoding',
      message: `Content-Encoding ${name} is not taken; allowed are ${ENCODINGS.join(', ')}`,
      allowed: ENCODINGS,
    });
  }
  try {
    return await decompressor(body, { maxOutputLength: bytesMax });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw bodyTooLarge(bytesMax);
    throw new IngestRefusal({ code: 'invalid-encoding', message: `the body is not ${name} data` });
  }
}

export function bodyTooLarge(bytesMax: number): IngestRefusal {
  return new IngestRefusal({
    code: 'body-too-large',
    message: `the body, decompressed, is larger than ${bytesMax} bytes; send several requests`,
    limit: bytesMax,
  });
}
