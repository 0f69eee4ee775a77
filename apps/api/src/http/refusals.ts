import type { Logger } from '@penstock/platform';
import { httpProblem, type HttpRefusal } from './http-problem.ts';
import { isIngestPath, type Refusal } from './origin.ts';
import type { ProblemDetails } from './problem-details.ts';

/** Different refusals that are logged; a scan of names must not fill the log. */
const LOGGED_MAX = 100;

/**
 * Logs that a host, an origin or a proxy's header was refused, once for each: a setting of this
 * server or of the proxy decides about it.
 */
export class RefusalLog {
  readonly #logger: Logger;
  readonly #logged = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  tell(refusal: Refusal, url: string): void {
    if (refusal.kind === 'no-host') return;
    const about = JSON.stringify(refusal);
    if (this.#logged.has(about) || this.#logged.size >= LOGGED_MAX) return;
    this.#logged.add(about);
    const last = this.#logged.size === LOGGED_MAX ? ' Further ones are not logged.' : '';
    this.#logger.pino.warn({ ...refusal, url }, problemOfRefusal(refusal, url).detail + last);
  }
}

/** What a refusal is answered with: what was wrong, and which setting would allow it. */
export function problemOfRefusal(refusal: Refusal, url: string): ProblemDetails {
  return httpProblem(inWords(refusal, url), url);
}

function inWords(refusal: Refusal, url: string): HttpRefusal {
  switch (refusal.kind) {
    case 'no-host':
      return { status: 400, detail: 'A request of HTTP/1.1 needs the header Host.' };
    case 'unreadable-forwarding':
      return {
        status: 400,
        code: refusal.kind,
        title: 'Unreadable forwarding header',
        detail: `The trusted proxy sent ${refusal.header} with the value ${JSON.stringify(refusal.value)}; allowed is ${refusal.allowed}.`,
      };
    case 'unknown-host':
      return {
        status: 421,
        code: refusal.kind,
        title: 'Unknown host',
        detail: `This server does not go by the name ${JSON.stringify(refusal.host)}. If it is meant to, because a proxy is in front of it or the name is its own, set PENSTOCK_PUBLIC_URL to its address, or PENSTOCK_ALLOWED_HOSTS to its names.`,
      };
    case 'foreign-origin':
      return {
        status: 403,
        code: refusal.kind,
        title: 'Foreign origin',
        detail: foreignOrigin(refusal, url),
      };
    default:
      return refusal satisfies never;
  }
}

function foreignOrigin({ origin, host }: { origin: string; host: string }, url: string): string {
  const what = `A page of ${JSON.stringify(origin)} may not change anything here: the server was asked for as ${JSON.stringify(host)}.`;
  const proxy = `If a proxy shows the server at that address, set PENSTOCK_PUBLIC_URL to it.`;
  const cors = `To let pages of other origins send records, name those in PENSTOCK_CORS_ORIGINS.`;
  return isIngestPath(url) ? `${what} ${proxy} ${cors}` : `${what} ${proxy}`;
}

/** The same for a person whose browser was refused the page itself. */
export function refusalPage({ status, title, detail }: ProblemDetails): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Penstock: ${title}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}</style>
<h1>${title} (${status})</h1>
<p>${escapeHtml(detail)}</p>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
