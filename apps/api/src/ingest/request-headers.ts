import { IngestRefusal, checkTopicName } from '@penstock/control-plane';
import type { FastifyRequest } from 'fastify';
import { requireCheckableDigests } from './body-digest.ts';
import { bodyTooLarge, requireKnownEncoding } from './request-body.ts';

/** What a route takes beside a body. */
export interface Accepted {
  /** Query parameters; every other is refused. */
  readonly parameters: readonly string[];
  /** Whether `Penstock-Header-NAME` and `ce-NAME` become headers of records. */
  readonly recordHeaders: boolean;
  readonly bodyBytesMax: number;
  /** Whether records are appended before the body has come in whole. */
  readonly isStream?: boolean;
}

export const RECORD_HEADER_PREFIX = 'penstock-header-';
const OWN_PREFIX = 'penstock-';
const CLOUD_EVENTS_PREFIX = 'ce-';

/**
 * Headers that change what a request means, for servers that know them. Ignoring one would do
 * something else than the client asked for.
 */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  'if-match': 'an append has no condition',
  'if-none-match': 'an append has no condition',
  'if-modified-since': 'an append has no condition',
  'if-unmodified-since': 'an append has no condition',
  'if-range': 'an append has no condition',
  'content-range': 'a body is sent as a whole',
  'x-http-method-override': 'records are appended by POST',
};

/**
 * Refuses by query and headers alone, before the body is read: parameters and headers that would
 * otherwise be ignored, an encoding that is not taken, a length above the limit, a name that no
 * topic can have.
 * @throws IngestRefusal
 */
export function checkHead(request: FastifyRequest, accepted: Accepted): void {
  const { headers } = request;
  for (const name of Object.keys(request.query as object)) checkParameter(name, accepted);
  for (const name in headers) checkHeader(name, accepted);
  requireKnownEncoding(headers['content-encoding']);
  requireCheckableDigests(headers, accepted.isStream ?? false);
  const length = Number(headers['content-length'] ?? 0);
  if (length > accepted.bodyBytesMax) throw bodyTooLarge(accepted.bodyBytesMax);
  const { topic } = request.params as { topic?: string };
  const message = topic === undefined ? null : checkTopicName(topic);
  if (message !== null) throw new IngestRefusal({ code: 'invalid-topic', message });
}

function checkParameter(name: string, { parameters }: Accepted): void {
  if (parameters.includes(name)) return;
  const there =
    parameters.length === 0 ? 'none is taken here' : `there are ${parameters.join(', ')}`;
  throw new IngestRefusal({
    code: 'invalid-parameter',
    message: `there is no parameter ${JSON.stringify(name)}; ${there}`,
    allowed: parameters,
  });
}

function checkHeader(name: string, { recordHeaders }: Accepted): void {
  const why = UNSUPPORTED[name];
  if (why !== undefined) refuseHeader(`${name} cannot be honoured: ${why}`);
  if (name === 'idempotency-key') {
    throw new IngestRefusal({
      code: 'not-implemented',
      message:
        'Idempotency-Key is not honoured yet: a request that is sent twice is appended twice. Send it without the header, and look at mayBeAppended before you repeat it',
    });
  }
  if (name.startsWith(OWN_PREFIX)) {
    const isRecordHeader = name.startsWith(RECORD_HEADER_PREFIX);
    if (isRecordHeader && name.length > RECORD_HEADER_PREFIX.length && recordHeaders) return;
    refuseHeader(
      recordHeaders
        ? `there is no header ${name}; Penstock-Header-NAME gives records the header NAME`
        : `${name} is taken by /ingest/{topic} alone`,
    );
  }
  if (name.startsWith(CLOUD_EVENTS_PREFIX) && !recordHeaders) {
    refuseHeader(`${name}: CloudEvents are taken by /ingest/{topic} alone`);
  }
}

function refuseHeader(message: string): never {
  throw new IngestRefusal({ code: 'unsupported-header', message });
}
