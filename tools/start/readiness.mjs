import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Patience } from './patience.mjs';
import { hostAndPort, localHostOf, publicHostOf } from './addresses.mjs';

/**
 * Resolves once `/readyz` answers 200: produce, ingest, GraphQL and dashboard work. It never gives
 * up, because the parts that work already serve others; it says what is missing.
 */
export async function serving(settings, signal) {
  // The address and not a name, because a name may resolve to something else.
  const { bind, port } = settings.http;
  const url = `http://${hostAndPort(localHostOf(bind), port)}/readyz`;
  const patience = new Patience('not ready yet');
  while (!signal.aborted) {
    const missing = await whatIsMissing(url);
    if (missing === undefined) return;
    patience.waitsFor(missing);
    await delay(20);
  }
}

/**
 * By `node:http`, since `fetch` would take 15 MB more for as long as the supervisor lives.
 * @param {string} url
 * @returns {Promise<string | undefined>} nothing when it is ready
 */
function whatIsMissing(url) {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 3000 }, (answer) => {
      if (answer.statusCode === 200) {
        answer.resume();
        return resolve(undefined);
      }
      let body = '';
      answer.setEncoding('utf8').on('data', (text) => (body += text));
      answer.on('close', () => resolve(missingParts(body) ?? `it answers ${answer.statusCode}`));
    });
    // Not listening yet, or restarting.
    request.once('error', (error) => resolve(`the api does not answer (${error.code})`));
    request.once('timeout', () => request.destroy());
  });
}

/** What `/readyz` says is missing and needed, as one sentence. */
function missingParts(body) {
  try {
    const needed = JSON.parse(body).missing.filter(({ required }) => required);
    return needed.map(({ name, detail }) => `${name}: ${detail ?? 'not there'}`).join('; ');
  } catch {
    return undefined;
  }
}

/** The one line that says where everything is. */
export function readyLine(settings, milliseconds) {
  const { http, kafka } = settings;
  const base = http.publicUrl?.href ?? `http://${hostAndPort(publicHostOf(http), http.port)}`;
  return [
    `Penstock is ready, start time ${(milliseconds / 1000).toFixed(1)} s:`,
    `dashboard ${base}/`,
    `| GraphQL ${base}/graphql`,
    `| ingest ${base}/ingest/TOPIC`,
    `| API ${base}/docs`,
    `| Kafka ${kafka.publicServers.join(',')}`,
  ].join(' ');
}
