import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { httpProblem } from './http-problem.ts';
import { PROBLEM_MEDIA_TYPE, type ProblemDetails } from './problem-details.ts';

/**
 * Bounds of a request in ms. None of them bounds the whole time of a request that makes progress.
 */
export interface RequestLimits {
  /** From the first byte until the headers are complete. */
  readonly headersMs: number;
  /** The longest pause in a body that is kept as a whole. */
  readonly bodyIdleMs: number;
  /** The time within which such a body must bring at least `BODY_PROGRESS_BYTES`. */
  readonly bodyProgressMs: number;
  /** The longest pause in a body that is answered while it comes in: its records may be rare. */
  readonly streamIdleMs: number;
  /** How long a body may still come in while the server stops. */
  readonly closingMs: number;
  /** How much longer everything else may take while the server stops; then it is cut. */
  readonly cuttingMs: number;
}

export const REQUEST_LIMITS: RequestLimits = {
  headersMs: 20_000,
  bodyIdleMs: 60_000,
  bodyProgressMs: 300_000,
  streamIdleMs: 300_000,
  closingMs: 1_500,
  cuttingMs: 2_000,
};

const BODY_PROGRESS_BYTES = 1_024;
const SWEEPS_PER_LIMIT = 4;
const SWEEP_MS_MAX = 5_000;

/** How a request is ended that is answered while its body comes in. */
type EndStream = (problem: ProblemDetails) => void;

interface OpenBody {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  bytes: number;
  idleSince: number;
  windowBytes: number;
  windowSince: number;
  endStream: EndStream | undefined;
}

/**
 * The bodies that are still coming in. A body may take any time while it makes progress: only the
 * time without progress is bounded. So neither an upload over a slow line nor a stream of rare
 * records is cut, but a client that only holds a connection is.
 */
export class OpenBodies {
  readonly #limits: RequestLimits;
  readonly #open = new Map<IncomingMessage, OpenBody>();

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  add(request: FastifyRequest, reply: FastifyReply): void {
    const { headers, raw } = request;
    const length = headers['content-length'];
    if (headers['transfer-encoding'] === undefined && (length === undefined || length === '0')) {
      return;
    }
    const now = performance.now();
    const bytes = raw.socket.bytesRead;
    this.#open.set(raw, {
      request,
      reply,
      bytes,
      idleSince: now,
      windowBytes: bytes,
      windowSince: now,
      endStream: undefined,
    });
  }

  /**
   * Lets go of a body that has come in whole. A request that is kept until the next look at all of
   * them would keep its body in memory, too, and cost the collector more than the request itself.
   */
  removeIfComplete({ raw }: FastifyRequest): void {
    if (raw.complete) this.#open.delete(raw);
  }

  /** The request is answered while its body comes in: `end` is asked to end the answer in order. */
  isStream(request: FastifyRequest, end: EndStream): void {
    const open = this.#open.get(request.raw);
    if (open !== undefined) open.endStream = end;
  }

  /** Looks at all bodies, and ends those from which nothing comes. */
  sweep(): void {
    const now = performance.now();
    for (const open of this.#unfinished()) {
      const { bytesRead } = open.request.raw.socket;
      if (bytesRead > open.bytes) {
        open.bytes = bytesRead;
        open.idleSince = now;
      }
      const isStream = open.endStream !== undefined;
      const idleMs = isStream ? this.#limits.streamIdleMs : this.#limits.bodyIdleMs;
      if (now - open.idleSince >= idleMs) {
        this.#end(open, tooSlow(`Nothing of the body came for ${idleMs / 1000} s`));
      } else if (!isStream && now - open.windowSince >= this.#limits.bodyProgressMs) {
        if (bytesRead - open.windowBytes < BODY_PROGRESS_BYTES) {
          const seconds = this.#limits.bodyProgressMs / 1000;
          this.#end(open, tooSlow(`Less than ${BODY_PROGRESS_BYTES} bytes came in ${seconds} s`));
        }
        open.windowBytes = bytesRead;
        open.windowSince = now;
      }
    }
  }

  /** Ends all bodies, because the server stops. */
  endAll(): void {
    for (const open of this.#unfinished()) this.#end(open, STOPPING);
  }

  *#unfinished(): Generator<OpenBody> {
    for (const [raw, open] of this.#open) {
      if (raw.complete || raw.destroyed || raw.socket.destroyed) this.#open.delete(raw);
      else yield open;
    }
  }

  #end({ request, reply, endStream }: OpenBody, problem: ProblemDetails): void {
    if (endStream !== undefined) endStream(problem);
    else if (!reply.sent) answerAndClose(reply, problem);
    else if (reply.raw.writableFinished) request.raw.socket.destroy();
  }
}

const STOPPING = httpProblem({
  status: 503,
  detail: 'The server stops, and the body was not complete: nothing of it was kept',
  code: 'stopping',
  title: 'The server stops',
});

function tooSlow(what: string): ProblemDetails {
  return httpProblem({
    status: 408,
    detail: `${what}: nothing of it was kept`,
    code: 'body-too-slow',
    title: 'The body came too slowly',
  });
}

/** Bypasses Fastify, which waits for the rest of the body. Node closes the connection after it. */
function answerAndClose(reply: FastifyReply, problem: ProblemDetails): void {
  const body = Buffer.from(JSON.stringify(problem));
  reply.hijack();
  reply.raw.writeHead(problem.status, {
    'content-type': PROBLEM_MEDIA_TYPE,
    'content-length': body.length,
    'x-content-type-options': 'nosniff',
    ...(problem.status === 503 && { 'retry-after': '1' }),
    connection: 'close',
  });
  reply.raw.end(body);
}

/** Requests whose clients wait for `100 Continue` before they send the body. */
const waiting = new WeakSet<IncomingMessage>();

/**
 * Sets the limits of all requests. Returns the bodies that come in, for routes that answer
 * meanwhile.
 *
 * - Headers have a time limit, which Node checks; bodies are looked at by `OpenBodies`.
 * - `Expect: 100-continue`: the client is told to go on after the hooks of `onRequest` had nothing
 *   against the headers, so that what they refuse is refused before the body is sent.
 * - The server stops: bodies under way are answered 503 after `closingMs`, and connections that are
 *   still open after `cuttingMs` more are cut.
 */
export function limitRequests(fastify: FastifyInstance, limits: RequestLimits): OpenBodies {
  const server = fastify.server as Server;
  const bodies = new OpenBodies(limits);
  server.requestTimeout = 0;
  server.headersTimeout = limits.headersMs;
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.add(request);
    server.emit('request', request, response);
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    bodies.add(request, reply);
    done();
  });
  // A body that is kept as a whole is parsed now; of any other the end comes before the answer's.
  fastify.addHook('preValidation', (request, _reply, done) => {
    bodies.removeIfComplete(request);
    done();
  });
  fastify.addHook('onResponse', (request, _reply, done) => {
    bodies.removeIfComplete(request);
    done();
  });
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    if (waiting.has(request.raw)) admit(request, reply);
    done(null, payload);
  });
  fastify.addHook('onSend', (request, reply, payload, done) => {
    // The request was refused before `100 Continue`, but its client may send the body all the same.
    if (waiting.has(request.raw)) reply.header('connection', 'close');
    done(null, payload);
  });
  const idleMs = Math.min(limits.bodyIdleMs, limits.streamIdleMs);
  const sweepMs = Math.min(SWEEP_MS_MAX, idleMs / SWEEPS_PER_LIMIT);
  const sweeper = setInterval(() => bodies.sweep(), sweepMs).unref();
  const timers: NodeJS.Timeout[] = [sweeper];
  fastify.addHook('preClose', (done) => {
    timers.push(
      setTimeout(() => bodies.endAll(), limits.closingMs),
      setTimeout(() => server.closeAllConnections(), limits.closingMs + limits.cuttingMs),
    );
    done();
  });
  fastify.addHook('onClose', (_instance, done) => {
    for (const timer of timers) clearTimeout(timer);
    done();
  });
  return bodies;
}

/** Fastify refuses a body whose declared length is too large, before it is sent. */
function admit(request: FastifyRequest, reply: FastifyReply): void {
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > request.routeOptions.bodyLimit || request.is404) return;
  waiting.delete(request.raw);
  reply.raw.writeContinue();
}
