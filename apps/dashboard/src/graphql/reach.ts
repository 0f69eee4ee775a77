import { serverUrl } from './address.ts';

/**
 * Why no WebSocket opens, when something can be done about it. The browser does not say, so the
 * server is asked over HTTP, where it answers in words. Null when it does not answer at all.
 */
export async function explainSocketFailure(): Promise<string | null> {
  try {
    const response = await fetch(serverUrl('/graphql'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query: '{ __typename }' }),
    });
    const { detail } = (await response.json()) as { detail?: string };
    if (!response.ok) return response.status < 500 ? (detail ?? null) : null;
  } catch {
    return null;
  }
  return 'The server answers, but WebSockets do not reach it: a proxy on the way has to pass the headers Upgrade and Connection on.';
}
