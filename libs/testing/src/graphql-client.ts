import { createClient, type Client } from 'graphql-ws';
import { eventually } from './eventually.ts';

export interface GraphqlAnswer<Data> {
  readonly status: number;
  readonly data: Data | null;
  readonly errors: readonly GraphqlProblem[];
}

export interface GraphqlProblem {
  readonly message: string;
  readonly extensions?: { readonly code?: string };
}

/** What came of one subscription so far. */
export class Received<Data> {
  readonly values: Data[] = [];
  problems: readonly GraphqlProblem[] = [];
  completed = false;
  stop: () => void = () => undefined;

  get last(): Data | undefined {
    return this.values.at(-1);
  }

  /** Waits for a value that holds; those that came before count. */
  async until(holds: (value: Data) => boolean, deadlineMs = 10_000): Promise<Data> {
    return (await eventually(() => this.values.find(holds), {
      deadlineMs,
      intervalMs: 10,
      what: 'the wanted value of a subscription',
    })) as Data;
  }

  /** Waits for a value that holds and comes after this call. */
  async next(holds: (value: Data) => boolean = () => true, deadlineMs = 10_000): Promise<Data> {
    const from = this.values.length;
    return (await eventually(() => this.values.slice(from).find(holds), {
      deadlineMs,
      intervalMs: 10,
      what: 'the next value of a subscription',
    })) as Data;
  }
}

/** Speaks GraphQL to an api over HTTP and over one socket, as a dashboard does. */
export class GraphqlClient implements AsyncDisposable {
  readonly url: string;
  readonly closeCodes: number[] = [];
  readonly #socket: Client;

  /** @param baseUrl `http://host:port` */
  constructor(baseUrl: string) {
    this.url = `${baseUrl}/graphql`;
    this.#socket = createClient({
      url: this.url.replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      on: { closed: (event) => this.closeCodes.push((event as { code: number }).code) },
    });
  }

  /** The whole answer: status, data and errors. */
  async ask<Data>(
    query: string,
    variables: Record<string, unknown> = {},
  ): Promise<GraphqlAnswer<Data>> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const body = (await response.json()) as { data?: Data | null; errors?: GraphqlProblem[] };
    return { status: response.status, data: body.data ?? null, errors: body.errors ?? [] };
  }

  /** The data; throws when there are errors. */
  async query<Data>(query: string, variables: Record<string, unknown> = {}): Promise<Data> {
    const { data, errors } = await this.ask<Data>(query, variables);
    if (errors.length > 0 || data === null) {
      throw new Error(`GraphQL answered with errors: ${JSON.stringify(errors)}`);
    }
    return data;
  }

  subscribe<Data>(query: string, variables: Record<string, unknown> = {}): Received<Data> {
    const received = new Received<Data>();
    received.stop = this.#socket.subscribe<Data>(
      { query, variables },
      {
        next: ({ data, errors }) => {
          if (errors !== undefined) {
            received.problems = errors as readonly GraphqlProblem[];
          }
          if (data != null) {
            received.values.push(data);
          }
        },
        error: (error) => {
          received.problems = Array.isArray(error) ? error : [{ message: String(error) }];
        },
        complete: () => {
          received.completed = true;
        },
      },
    );
    return received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket.dispose();
  }
}
