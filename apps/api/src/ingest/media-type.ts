import { IngestRefusal } from '@penstock/control-plane';

/** The type without its parameters. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

const CHARSETS = new Set(['utf-8', 'utf8', 'us-ascii']);

/** @throws IngestRefusal for a charset that JSON is not written in (RFC 8259, 8.1) */
export function requireUtf8(contentType: string | undefined): void {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase();
  if (charset === undefined || CHARSETS.has(charset)) return;
  throw new IngestRefusal({
    code: 'unsupported-media-type',
    message: `charset ${charset} is not taken; JSON is UTF-8`,
    allowed: ['utf-8'],
  });
}
