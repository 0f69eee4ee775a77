import type { TypedDocumentString } from '../generated/graphql.ts';
import { serverUrl } from './address.ts';

/** The server answered, but not with data; `messages` are its own words. */
export class GraphqlError extends Error {
  override readonly name = 'GraphqlError';
  readonly messages: readonly string[];

  constructor(messages: readonly string[]) {
    super(messages.join(' '));
    this.messages = messages;
  }
}

/** Nothing came back. */
export class ServerAway extends Error {
  override readonly name = 'ServerAway';
}

interface Answer<Result> {
  data?: Result | null;
  errors?: readonly { message: string }[];
}

/**
 * One query or mutation over HTTP, same origin.
 * @throws GraphqlError when the server refuses, ServerAway when it cannot be reached
 */
export async function request<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Result> {
  const response = await fetch(serverUrl('/graphql'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query: document.toString(), variables }),
    ...(signal ? { signal } : {}),
  }).catch((cause: unknown) => {
    if (signal?.aborted) throw cause;
    throw new ServerAway('The server does not answer.', { cause });
  });
  const answer = (await response.json().catch(() => ({}))) as Answer<Result>;
  if (answer.errors?.length) throw new GraphqlError(answer.errors.map((error) => error.message));
  if (!answer.data) {
    throw new GraphqlError([`The server answered ${response.status} without data.`]);
  }
  return answer.data;
}
