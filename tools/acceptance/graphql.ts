import { createClient, type Client } from 'graphql-ws';
import WebSocket from 'ws';

/** One GraphQL request; fails with the errors that came back. */
export async function graphql<T = Record<string, unknown>>(
  baseUrl: string,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<T> {
  const answer = await fetch(`${baseUrl}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(10_000),
  });
  const body = (await answer.json()) as { data?: T; errors?: { message: string }[] };
  if (body.errors !== undefined || body.data === undefined) {
    throw new Error(`GraphQL: ${JSON.stringify(body.errors ?? body)}`);
  }
  return body.data;
}

export interface RunningProcess {
  name: string;
  pid: number | null;
  state: string;
  restarts: number;
  lastExit: string | null;
}

export async function processes(baseUrl: string): Promise<RunningProcess[]> {
  const query = '{ system { processes { name pid state restarts lastExit } } }';
  return (await graphql<{ system: { processes: RunningProcess[] } }>(baseUrl, query)).system
    .processes;
}

export interface LiveFrame {
  epoch: string;
  seq: number;
  at: number;
  topics: { name: string; endOffsetSum: number; inPerSecond: number | null }[];
}

/** Follows the `live` subscription over WebSocket and reconnects for ever; keeps every frame. */
export class LiveFollower implements AsyncDisposable {
  readonly frames: { receivedAt: number; frame: LiveFrame }[] = [];
  readonly #client: Client;

  constructor(baseUrl: string) {
    this.#client = createClient({
      url: `${baseUrl.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: Infinity,
      shouldRetry: () => true,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 100)),
    });
    const query = 'subscription { live { epoch seq at topics { name endOffsetSum inPerSecond } } }';
    this.#client.subscribe<{ live: LiveFrame }>(
      { query },
      {
        next: ({ data }) => {
          if (data) this.frames.push({ receivedAt: Date.now(), frame: data.live });
        },
        error: () => undefined,
        complete: () => undefined,
      },
    );
  }

  /** Records of a topic by the newest frame. */
  endOffsetSum(topic: string): number {
    const newest = this.frames.at(-1)?.frame.topics.find(({ name }) => name === topic);
    return newest?.endOffsetSum ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.dispose();
  }
}
