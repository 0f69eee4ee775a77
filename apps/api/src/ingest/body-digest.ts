import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { IngestRefusal } from '@penstock/control-plane';

/** Algorithms of RFC 9530 that are checked, with Node's names; its others are not secure. */
const ALGORITHMS: Readonly<Record<string, string>> = { 'sha-256': 'sha256', 'sha-512': 'sha512' };
const ALLOWED = Object.keys(ALGORITHMS);
/**
 * Of a request without Content-Range the representation is the content, so both fields say the
 * same of the bytes that are sent, with their Content-Encoding (RFC 9530, sections 2 and 3).
 */
const DIGEST_FIELDS = ['content-digest', 'repr-digest'] as const;
const MD5_FIELD = 'content-md5';
const OBSOLETE_FIELD = 'digest';
const ALL_FIELDS: readonly string[] = [...DIGEST_FIELDS, MD5_FIELD, OBSOLETE_FIELD];

/** What a header says of the body. */
interface BodyDigest {
  readonly field: string;
  /** Node's name. */
  readonly algorithm: string;
  readonly value: Buffer;
}

/**
 * Refuses a digest that could not be checked, before the body is read.
 * @param isStream whether records are appended before the body has come in whole
 * @throws IngestRefusal
 */
export function requireCheckableDigests(headers: IncomingHttpHeaders, isStream: boolean): void {
  const trailers = (headers.trailer ?? '').toLowerCase().split(',');
  const trailer = trailers.map((name) => name.trim()).find((name) => ALL_FIELDS.includes(name));
  if (trailer !== undefined) {
    refuse(`${trailer} cannot be honoured in a trailer: send it before the body`);
  }
  if (headers[OBSOLETE_FIELD] !== undefined) {
    refuse('Digest is obsolete and not checked: send Content-Digest (RFC 9530)');
  }
  const [digest] = digestsOf(headers);
  if (digest !== undefined && isStream) {
    refuse(
      `${digest.field} cannot be honoured here: records are appended while the body comes in. Send them to /records:batch or to /ingest/{topic}`,
    );
  }
}

/**
 * Checks the bytes of a body, as they were sent, against each digest that a header has of them.
 * @throws IngestRefusal
 */
export function checkDigests(headers: IncomingHttpHeaders, body: Buffer): void {
  for (const { field, algorithm, value } of digestsOf(headers)) {
    const found = createHash(algorithm).update(body).digest();
    if (found.equals(value)) continue;
    throw new IngestRefusal({
      code: 'digest-mismatch',
      message: `${field} says ${algorithm} ${value.toString('base64')}, and the ${body.length} bytes of the body as they came have ${found.toString('base64')}; nothing was appended`,
      retriable: true,
      mayBeAppended: false,
    });
  }
}

function digestsOf(headers: IncomingHttpHeaders): BodyDigest[] {
  const digests = DIGEST_FIELDS.flatMap((field) => {
    const given = headers[field];
    return given === undefined ? [] : parseField(field, String(given));
  });
  const md5 = headers[MD5_FIELD];
  if (md5 !== undefined) {
    digests.push({
      field: MD5_FIELD,
      algorithm: 'md5',
      value: bytesOf(MD5_FIELD, String(md5), 16),
    });
  }
  return digests;
}

/** A dictionary of byte sequences (RFC 9651); at least one of its algorithms must be known. */
function parseField(field: string, text: string): BodyDigest[] {
  const digests: BodyDigest[] = [];
  for (const member of text.split(',')) {
    const [, name, base64] = /^([a-z*][a-z0-9_.*-]*)=:([^:]*):$/.exec(member.trim()) ?? [];
    if (name === undefined || base64 === undefined) {
      refuse(`${field}: ${JSON.stringify(member.trim())} is no digest, which is sha-256=:BASE64:`);
    }
    const algorithm = ALGORITHMS[name];
    if (algorithm === undefined) continue;
    const lengthBytes = name === 'sha-256' ? 32 : 64;
    digests.push({ field, algorithm, value: bytesOf(field, base64, lengthBytes) });
  }
  if (digests.length === 0) {
    throw new IngestRefusal({
      code: 'unsupported-header',
      message: `${field} names no algorithm that is checked here: ${ALLOWED.join(' or ')}`,
      allowed: ALLOWED,
    });
  }
  return digests;
}

function bytesOf(field: string, base64: string, lengthBytes: number): Buffer {
  const value = Buffer.from(base64, 'base64');
  if (value.length === lengthBytes && value.toString('base64') === base64) return value;
  refuse(`${field}: ${JSON.stringify(base64)} is not the base64 of ${lengthBytes} bytes`);
}

function refuse(message: string): never {
  throw new IngestRefusal({ code: 'unsupported-header', message, allowed: ALLOWED });
}
