import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { ConsumerGroupsService, TopicsService } from '@penstock/control-plane';
import { Logger } from '@penstock/platform';
import {
  execute,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  parse,
} from 'graphql';
import type { Context } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { httpProblem, rawAnswer, type HttpRefusal } from '../http/http-problem.ts';
import { describeError } from './graphql-error.ts';
import { checkQueryLimits, TOKENS_MAX } from './query-limits.ts';
import { createRequestContext } from './request-context.ts';
import { SharedSubscriptions } from './shared-subscriptions.ts';

const PATH = '/graphql';
const SOCKETS_MAX = 500;
const SUBSCRIPTIONS_PER_SOCKET_MAX = 50;
const MESSAGE_BYTES_MAX = 256 * 1024;
/** Between pings; a socket that does not answer one within this time is dead and is ended. */
const KEEP_ALIVE_MS = 10_000;
const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;
/** How long the readers have to answer our close before their sockets are cut. */
const CLOSE_DEADLINE_MS = 1_000;

/**
 * GraphQL over WebSocket (graphql-transport-ws) at /graphql, with the limits that graphql-ws leaves
 * to its user: sockets, subscriptions per socket, message size, depth and cost of documents.
 *
 * Subscriptions have no queues. graphql-ws asks a stream for its next value only when the one
 * before has been handed to the kernel, so a slow reader holds back its own stream and nothing
 * else.
 */
@Injectable()
export class SubscriptionsServer implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #adapterHost: HttpAdapterHost;
  readonly #schemaHost: GraphQLSchemaHost;
  readonly #topics: TopicsService;
  readonly #consumerGroups: ConsumerGroupsService;
  readonly #logger: Logger;
  readonly #shared = new SharedSubscriptions();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
  });
  #http: Server | null = null;

  constructor(
    adapterHost: HttpAdapterHost,
    schemaHost: GraphQLSchemaHost,
    topics: TopicsService,
    consumerGroups: ConsumerGroupsService,
    logger: Logger,
  ) {
    this.#adapterHost = adapterHost;
    this.#schemaHost = schemaHost;
    this.#topics = topics;
    this.#consumerGroups = consumerGroups;
    this.#logger = logger;
  }

  onApplicationBootstrap(): void {
    const schema = this.#schemaHost.schema;
    useServer(
      {
        schema,
        parse: (source, options) => parse(source, { ...options, maxTokens: TOKENS_MAX }),
        context: () =>
          createRequestContext({ topics: this.#topics, consumerGroups: this.#consumerGroups }),
        onSubscribe: (context) => refuseMore(context),
        execute: (args) => refuseLarge(args) ?? execute(args),
        subscribe: (args) => refuseLarge(args) ?? this.#shared.subscribe(args),
        onNext: (_context, _id, _payload, _args, { data, errors }) =>
          errors === undefined
            ? undefined
            : { data: data ?? null, errors: errors.map((error) => this.#format(error)) },
        onError: (_context, _id, _payload, errors) => errors.map((error) => this.#format(error)),
      },
      this.#sockets,
      KEEP_ALIVE_MS,
    );
    this.#http = this.#adapterHost.httpAdapter.getHttpServer() as Server;
    this.#http.on('upgrade', this.#upgrade);
    this.#sockets.on('wsClientError', (error, socket) => {
      refuse(socket, {
        status: 400,
        detail: `This is no handshake of a WebSocket: ${error.message}.`,
      });
    });
  }

  /** Code 1001 tells a client to connect again, which succeeds once the next process serves. */
  async onModuleDestroy(): Promise<void> {
    this.#http?.off('upgrade', this.#upgrade);
    const clients = [...this.#sockets.clients];
    const closed = Promise.all(
      clients.map((client) => new Promise((resolve) => client.once('close', resolve))),
    );
    for (const client of clients) {
      client.close(GOING_AWAY, 'The server stops.');
    }
    const cut = setTimeout(() => {
      for (const client of clients) {
        client.terminate();
      }
    }, CLOSE_DEADLINE_MS);
    await closed;
    clearTimeout(cut);
    this.#sockets.close();
  }

  readonly #upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (socket.writableEnded) {
      // The check of the origin has refused it already.
      return;
    }
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== PATH) {
      refuse(socket, { status: 404, detail: `There is no WebSocket at ${path}, but at ${PATH}.` });
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      if (this.#sockets.clients.size > SOCKETS_MAX) {
        client.close(TRY_AGAIN_LATER, 'Too many connections.');
        return;
      }
      this.#sockets.emit('connection', client, request);
    });
  };

  #format(error: GraphQLError): GraphQLFormattedError {
    const { formatted, internal } = describeError(error);
    if (internal !== null) {
      this.#logger.pino.error({ err: internal }, 'an operation on a socket failed');
    }
    return { ...error.toJSON(), ...formatted };
  }
}

function refuseMore(context: Pick<Context, 'subscriptions'>): GraphQLError[] | undefined {
  // The subscription that is being asked for is counted already.
  if (Object.keys(context.subscriptions).length <= SUBSCRIPTIONS_PER_SOCKET_MAX) {
    return undefined;
  }
  return [
    new GraphQLError(`At most ${SUBSCRIPTIONS_PER_SOCKET_MAX} subscriptions on one connection.`, {
      extensions: { code: 'TOO_MANY_SUBSCRIPTIONS' },
    }),
  ];
}

function refuseLarge(args: ExecutionArgs): ExecutionResult | null {
  const refused = checkQueryLimits(args.schema, args.document, {
    name: args.operationName,
    variables: args.variableValues as Record<string, unknown> | undefined,
  });
  return refused === null ? null : { errors: [refused] };
}

function refuse(socket: Duplex, refusal: HttpRefusal): void {
  socket.end(rawAnswer(httpProblem(refusal)), () => socket.destroy());
}
