import { createClient, type Client } from 'graphql-ws';
import type { TypedDocumentString } from '../generated/graphql.ts';
import { serverUrl } from './address.ts';

const retryWaitMsMax = 5_000;
const pongWaitMs = 5_000;

export interface SocketListener {
  connected(wasRetry: boolean): void;
  /** The socket is gone; the next try starts at `retryAt` (ms since the epoch). */
  closed(retryAt: number): void;
}

/**
 * The one WebSocket of this tab. It never gives up: the client's own retry covers a lost
 * connection, and `stream` below re-subscribes after anything the client takes for fatal (a close
 * code such as 1011, or an error of one operation), so a restarted server is found again without a
 * reload.
 */
export class Socket {
  readonly #listener: SocketListener;
  readonly #client: Client;
  #attempt = 0;
  #wake: (() => void) | undefined;

  constructor(listener: SocketListener) {
    this.#listener = listener;
    let pongTimer: ReturnType<typeof setTimeout> | undefined;
    const url = serverUrl('/graphql');
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#client = createClient({
      url: url.href,
      lazy: false,
      keepAlive: 5_000,
      connectionAckWaitTimeout: 5_000,
      retryAttempts: Infinity,
      shouldRetry: () => true,
      retryWait: () => this.#wait(),
      onNonLazyError: () => undefined,
      on: {
        connected: (_socket, _payload, wasRetry) => {
          this.#attempt = 0;
          listener.connected(wasRetry);
        },
        closed: () => {
          clearTimeout(pongTimer);
          listener.closed(Date.now() + this.#nextWaitMs());
        },
        ping: (received) => {
          // A half-open connection never answers: end it, so that the retry begins.
          if (!received) pongTimer = setTimeout(() => this.#client.terminate(), pongWaitMs);
        },
        pong: (received) => {
          if (received) clearTimeout(pongTimer);
        },
      },
    });
    window.addEventListener('online', () => this.retryNow());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.retryNow();
    });
  }

  /** Ends the wait before the next try, if one is on. */
  retryNow(): void {
    this.#wake?.();
  }

  /**
   * Subscribes for ever; after an end or an error it subscribes again with fresh variables.
   * Returns the function that stops it.
   */
  stream<Result, Variables extends Record<string, unknown>>(
    document: TypedDocumentString<Result, Variables>,
    variables: () => Variables,
    onData: (data: Result) => void,
    onError: (message: string) => void = () => undefined,
  ): () => void {
    let stopped = false;
    let failures = 0;
    let unsubscribe: () => void = () => undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = () => {
      if (stopped) return;
      failures += 1;
      timer = setTimeout(start, Math.min(250 * 2 ** failures, retryWaitMsMax));
    };
    const start = () => {
      if (stopped) return;
      unsubscribe = this.#client.subscribe<Result>(
        { query: document.toString(), variables: variables() },
        {
          next: ({ data, errors }) => {
            if (errors?.length) onError(errors.map((error) => error.message).join(' '));
            if (!data) return;
            failures = 0;
            onData(data);
          },
          error: (error) => {
            onError(Array.isArray(error) ? String(error[0]?.message) : 'The connection was lost.');
            again();
          },
          complete: again,
        },
      );
    };
    start();
    return () => {
      stopped = true;
      clearTimeout(timer);
      unsubscribe();
    };
  }

  #nextWaitMs(): number {
    return Math.min(250 * 2 ** this.#attempt, retryWaitMsMax);
  }

  async #wait(): Promise<void> {
    const waitMs = this.#nextWaitMs() * (0.75 + Math.random() / 2);
    this.#attempt += 1;
    this.#listener.closed(Date.now() + waitMs);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
