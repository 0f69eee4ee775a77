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

export const ENCODINGS = ['identity', 'gzip', 'deflate', 'br', 'zstd'];

/** @throws IngestRefusal for a Content-Encoding that is not known */
export function requireKnownEncoding(encoding: string | undefined): void {
  const name = nameOf(encoding);
  if (name === 'identity' || DECOMPRESSORS[name] !== undefined) return;
  throw new IngestRefusal({
    code: 'unsupported-encoding',
    message: `Content-Encoding ${name} is not taken; allowed are ${ENCODINGS.join(', ')}`,
    allowed: ENCODINGS,
  });
}

function nameOf(encoding: string | undefined): string {
  return encoding?.trim().toLowerCase() || 'identity';
}

/**
 * Undoes the Content-Encoding of a body, which `requireKnownEncoding` has let pass.
 * @throws IngestRefusal for a body that is not in it, or one that would grow beyond `bytesMax`
 */
export async function decompress(
  body: Buffer,
  encoding: string | undefined,
  bytesMax: number,
): Promise<Buffer> {
  const name = nameOf(encoding);
  const decompressor = DECOMPRESSORS[name];
  if (decompressor === undefined) return body;
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
