import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { httpProblem, rawAnswer, type HttpRefusal } from './http-problem.ts';
import { PROBLEM_MEDIA_TYPE, type ProblemDetails } from './problem-details.ts';

/** Line and headers of a request together; what is longer is answered 414 or 431. */
export const HEADER_BYTES_MAX = 16 * 1024;

/** The part of Node's response that is used here. */
interface RawResponse {
  writeHead(status: number, headers: Record<string, string | number>): unknown;
  end(body: string): unknown;
}

interface ClientError extends Error {
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
  readonly rawPacket?: unknown;
}

/** Answers what Node's parser could not read: no route, no hook and no reply exist for it. */
export function answerUnreadable(error: ClientError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    // The client has gone.
    socket.destroy();
    return;
  }
  socket.write(rawAnswer(httpProblem(refusalOf(error))));
  socket.destroySoon();
}

function refusalOf(error: ClientError): HttpRefusal {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW': {
      const limit = `${HEADER_BYTES_MAX} bytes for the request line and all headers`;
      return isInRequestLine(error.rawPacket)
        ? { status: 414, detail: `The URL is too long; allowed are ${limit}.` }
        : { status: 431, detail: `The headers are too large; allowed are ${limit}.` };
    }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, detail: 'The request did not come in whole in time.' };
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return { status: 413, detail: 'The extensions of the chunks are too large.' };
    case 'HPE_INVALID_METHOD':
      return { status: 400, detail: 'The request does not begin with a method of HTTP.' };
    case 'HPE_INVALID_VERSION':
      return { status: 505, detail: 'HTTP/1.1 and HTTP/1.0 are spoken here.' };
    default: {
      const reason = error.reason ?? error.message;
      return { status: 400, detail: `This is not a request of HTTP/1.1: ${reason}.` };
    }
  }
}

/** Whether a request's first bytes hold no end of its first line. */
function isInRequestLine(packet: unknown): boolean {
  if (!Buffer.isBuffer(packet) || !/^[A-Z]+ \//.test(packet.toString('latin1', 0, 16))) {
    return false;
  }
  return !packet.subarray(0, HEADER_BYTES_MAX / 2).includes('\n');
}

/** What Fastify refuses before it has a route: a path with broken escapes, or one part too long. */
export function answerFrameworkError(
  error: { readonly code: string },
  request: { readonly raw: { readonly url?: string | undefined } },
  reply: { readonly raw: RawResponse },
): void {
  const { url } = request.raw;
  const isTooLong = error.code === 'FST_ERR_MAX_PARAM_LENGTH';
  const refusal = isTooLong
    ? { status: 414, detail: 'A part of the path is too long.' }
    : { status: 400, detail: `The path ${JSON.stringify(url)} has an escape of no character.` };
  answerRaw(reply.raw, httpProblem(refusal, url));
}

/** What Node would answer by itself, without a body: an unknown Expect, and CONNECT. */
export function answerUncommon(server: Server): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const detail = `Expect: ${request.headers.expect} cannot be met; 100-continue can.`;
    answerRaw(response, httpProblem({ status: 417, detail }, request.url));
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    const detail = 'This is no proxy: CONNECT is not taken.';
    socket.end(rawAnswer(httpProblem({ status: 501, detail })));
  });
}

function answerRaw(response: RawResponse, problem: ProblemDetails): void {
  const body = JSON.stringify(problem);
  response.writeHead(problem.status, {
    'content-type': PROBLEM_MEDIA_TYPE,
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
