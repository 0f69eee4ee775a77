import { Reader } from './bytes/reader.ts';
import { Writer } from './bytes/writer.ts';
import { apis, isApiKey, isFlexible, isVersionOffered } from './api-keys.ts';
import type { ApiKey, RequestInputOf, RequestOf } from './api-keys.ts';
import { ProtocolError } from './protocol-error.ts';
import { compileStruct, type Codec } from './messages/codec.ts';

/**
 * Array elements and tagged fields in one request, at all depths together; more is refused like
 * bytes that are no request. Apache Kafka has no such bound, and can be made to build 20 million
 * objects from one request (CVE-2026-111108). A client of all partitions that one broker of Kafka
 * is advised to have (4,000) stays far below.
 */
const REQUEST_ELEMENTS_MAX = 60_000;

/** The header of a request. */
export interface RequestHeader {
  /** May be a key that this codec does not know. */
  readonly apiKey: number;
  /** May be a version that is not offered. */
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Where the body begins in the frame; 0 when key or version are unknown. */
  readonly bodyPosition: number;
}

/** A decoded request; `apiKey` tells the type of `body`. */
export type Request = { [K in ApiKey]: RequestFor<K> }[ApiKey];

export interface RequestFor<K extends ApiKey> {
  readonly apiKey: K;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  readonly body: RequestOf<K>;
}

/**
 * Reads the header of a request. `frame` is the message without its length prefix.
 *
 * Of a request with unknown key or version only the first 8 bytes (key, version, correlation id)
 * are read, because what follows depends on both. Throws ProtocolError.
 */
export function decodeRequestHeader(frame: Buffer): RequestHeader {
  const reader = new Reader(frame);
  reader.elementsLeft = REQUEST_ELEMENTS_MAX;
  const apiKey = reader.int16();
  const apiVersion = reader.int16();
  const correlationId = reader.int32();
  if (!isApiKey(apiKey) || !isVersionOffered(apiKey, apiVersion)) {
    return { apiKey, apiVersion, correlationId, clientId: null, bodyPosition: 0 };
  }
  // Header version 2 keeps the client id as in version 1 (not compact) and adds tagged fields.
  const size = reader.int16();
  if (size < -1) reader.fail('length of client id or null');
  const clientId = size === -1 ? null : reader.text(size);
  if (isFlexible(apiKey, apiVersion)) reader.skipTaggedFields();
  return { apiKey, apiVersion, correlationId, clientId, bodyPosition: reader.position };
}

/**
 * Decodes the body of a request whose key and version are offered. Record batches in it are views
 * of `frame`; everything else is copied. Bytes after the body are ignored, as Kafka does.
 * Throws ProtocolError.
 */
export function decodeRequestBody<K extends ApiKey>(
  apiKey: K,
  apiVersion: number,
  frame: Buffer,
  bodyPosition: number,
): RequestOf<K> {
  const codec = requestCodec(apiKey, apiVersion);
  const reader = new Reader(frame, bodyPosition);
  reader.elementsLeft = REQUEST_ELEMENTS_MAX;
  return codec.decode(reader) as RequestOf<K>;
}

/**
 * Decodes a whole request. Throws ProtocolError, also when key or version are not offered: a broker
 * that wants to answer those looks at `decodeRequestHeader` first.
 */
export function decodeRequest(frame: Buffer): Request {
  const { bodyPosition, ...header } = decodeRequestHeader(frame);
  const { apiKey, apiVersion } = header;
  if (!isApiKey(apiKey)) throw new ProtocolError(0, `an offered API key, not ${apiKey}`);
  const body = decodeRequestBody(apiKey, apiVersion, frame, bodyPosition);
  return { ...header, body } as Request;
}

/**
 * Encodes a request with its length prefix, for clients in tests and tools. The chunks are to be
 * sent in order.
 */
export function encodeRequest<K extends ApiKey>(
  apiKey: K,
  apiVersion: number,
  header: { readonly correlationId: number; readonly clientId: string | null },
  body: RequestInputOf<K>,
): Buffer[] {
  const codec = requestCodec(apiKey, apiVersion);
  const writer = new Writer();
  writer.skipInt32();
  writer.int16(apiKey);
  writer.int16(apiVersion);
  writer.int32(header.correlationId);
  const { clientId } = header;
  if (clientId === null) {
    writer.int16(-1);
  } else {
    const size = Buffer.byteLength(clientId);
    writer.int16(size);
    writer.text(clientId, size);
  }
  if (isFlexible(apiKey, apiVersion)) writer.uvarint(0);
  codec.encode(writer, body);
  return writer.finishFrame();
}

const codecs = new Map<number, Codec>();

function requestCodec(apiKey: ApiKey, apiVersion: number): Codec {
  const cacheKey = apiKey * 256 + apiVersion;
  let codec = codecs.get(cacheKey);
  if (codec === undefined) {
    if (!isVersionOffered(apiKey, apiVersion)) {
      throw new ProtocolError(2, `an offered version of ${apis[apiKey].name}, not ${apiVersion}`);
    }
    const flexible = isFlexible(apiKey, apiVersion);
    codec = compileStruct(apis[apiKey].request, apiVersion, flexible) as Codec;
    codecs.set(cacheKey, codec);
  }
  return codec;
}
