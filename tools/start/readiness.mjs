import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves once `/readyz` answers 200: produce, ingest, GraphQL and dashboard work. */
export async function serving(settings, signal) {
  const url = `${baseUrl(settings)}/readyz`;
  while (!signal.aborted) {
    if (await answersOk(url)) return;
    await delay(20);
  }
}

/** By `node:http`, since `fetch` would take 15 MB more for as long as the supervisor lives. */
function answersOk(url) {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 2000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    // Not listening yet, or restarting.
    request.once('error', () => resolve(false));
    request.once('timeout', () => request.destroy());
  });
}

/** The one line that says where everything is. */
export function readyLine(settings, milliseconds) {
  const base = baseUrl(settings);
  const { advertisedHost, port, external, bootstrapServers } = settings.kafka;
  const kafka = external ? bootstrapServers.join(',') : `${advertisedHost}:${port}`;
  return [
    `Penstock is ready, start time ${(milliseconds / 1000).toFixed(1)} s:`,
    `dashboard ${base}/`,
    `| GraphQL ${base}/graphql`,
    `| ingest ${base}/ingest/TOPIC`,
    `| API ${base}/docs`,
    `| Kafka ${kafka}`,
  ].join(' ');
}

function baseUrl({ bind, http }) {
  return `http://${hostOf(bind)}:${http.port}`;
}

function hostOf(bind) {
  if (bind === '127.0.0.1' || bind === '0.0.0.0') return 'localhost';
  if (bind === '::') return '[::1]';
  return bind.includes(':') ? `[${bind}]` : bind;
}
