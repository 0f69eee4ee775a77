import { Reader } from './bytes/reader.ts';
import { Writer } from './bytes/writer.ts';
import { ApiKeys, apis, isFlexible, isVersionOffered } from './api-keys.ts';
import type { ApiKey, ResponseInputOf, ResponseOf } from './api-keys.ts';
import { ProtocolError } from './protocol-error.ts';
import { compileStruct, type Codec } from './messages/codec.ts';

/**
 * Encodes a response with its length prefix. The chunks are to be sent in order; record batches
 * given as buffers of 4 KiB and more are among them by reference and must not change until sent.
 *
 * Throws TypeError or RangeError when `body` is not what the version can carry: a bug of the
 * caller.
 */
export function encodeResponse<K extends ApiKey>(
  apiKey: K,
  apiVersion: number,
  correlationId: number,
  body: ResponseInputOf<K>,
): Buffer[] {
  const codec = responseCodec(apiKey, apiVersion);
  const writer = new Writer();
  writer.skipInt32();
  writer.int32(correlationId);
  if (hasTaggedHeader(apiKey, apiVersion)) writer.uvarint(0);
  codec.encode(writer, body);
  return writer.finishFrame();
}

/**
 * Decodes a response, for clients in tests and tools. `frame` is the message without its length
 * prefix. Record batches in it are views of `frame`. Throws ProtocolError, also for bytes left
 * over.
 */
export function decodeResponse<K extends ApiKey>(
  apiKey: K,
  apiVersion: number,
  frame: Buffer,
): { correlationId: number; body: ResponseOf<K> } {
  const codec = responseCodec(apiKey, apiVersion);
  const reader = new Reader(frame);
  const correlationId = reader.int32();
  if (hasTaggedHeader(apiKey, apiVersion)) reader.skipTaggedFields();
  const body = codec.decode(reader) as ResponseOf<K>;
  if (reader.remaining > 0) reader.fail(`end of message, ${reader.remaining} bytes remain`);
  return { correlationId, body };
}

/**
 * Response header version 1 (tagged fields after the correlation id) goes with flexible versions.
 * ApiVersions stays with version 0: a client that asked in a version the broker does not know must
 * be able to read the answer (KIP-511).
 */
function hasTaggedHeader(apiKey: ApiKey, apiVersion: number): boolean {
  return apiKey !== ApiKeys.ApiVersions && isFlexible(apiKey, apiVersion);
}

const codecs = new Map<number, Codec>();

function responseCodec(apiKey: ApiKey, apiVersion: number): Codec {
  const cacheKey = apiKey * 256 + apiVersion;
  let codec = codecs.get(cacheKey);
  if (codec === undefined) {
    if (!isVersionOffered(apiKey, apiVersion)) {
      throw new ProtocolError(0, `an offered version of ${apis[apiKey].name}, not ${apiVersion}`);
    }
    const flexible = isFlexible(apiKey, apiVersion);
    codec = compileStruct(apis[apiKey].response, apiVersion, flexible) as Codec;
    codecs.set(cacheKey, codec);
  }
  return codec;
}
