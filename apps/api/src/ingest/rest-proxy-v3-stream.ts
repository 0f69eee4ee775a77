import { Readable } from 'node:stream';
import { IngestRefusal, nextValue } from '@penstock/control-plane';
import type { FastifyRequest } from 'fastify';
import type { IngestHttp } from './ingest-http.ts';
import { bodyTooLarge, decompress } from './request-body.ts';
import { failureOf, produceOne } from './rest-proxy-v3-report.ts';

export interface V3StreamOptions {
  readonly http: IngestHttp;
  readonly request: FastifyRequest;
  readonly topic: string;
  readonly clusterId: string;
  readonly onEnd: (records: number, bytes: number) => void;
}

type Report = Awaited<ReturnType<typeof produceOne>>;

/** Records, and bytes of them, under way at once: above it nothing more is read from the client. */
const UNDER_WAY_MAX = 1_000;
const UNDER_WAY_BYTES_MAX = 8 * 1024 * 1024;
/** Text of one record: a record larger than this is too large for any topic. */
const RECORD_TEXT_BYTES_MAX = 4 * 1024 * 1024;

interface UnderWay {
  readonly report: Promise<Report>;
  readonly bytes: number;
}

/**
 * One request of REST Proxy v3: objects are taken out of the body as they become complete, appended
 * at once, and reported in their order. A client that is slow to read its reports is not read from.
 */
export class V3Stream {
  readonly #options: V3StreamOptions;
  readonly #reports: UnderWay[] = [];
  #underWayBytes = 0;
  #pending: Buffer = Buffer.alloc(0);
  #records = 0;
  #bytes = 0;
  #broken = false;
  #waiting: PromiseWithResolvers<void> | undefined;

  constructor(options: V3StreamOptions) {
    this.#options = options;
  }

  /** The body of the answer. */
  reports(body: Readable): Readable {
    return Readable.from(this.#run(body), { objectMode: false });
  }

  /** Reports go out as soon as they are there, whether or not more of the body comes in. */
  async *#run(body: Readable): AsyncGenerator<string> {
    let done = false;
    const reading = this.#read(body).finally(() => {
      done = true;
      this.#wake();
    });
    // A failure is thrown below, once what came before it has been reported.
    reading.catch(() => undefined);
    while (!done || this.#reports.length > 0) {
      if (this.#reports.length > 0) yield await this.#next();
      else await this.#change();
    }
    await reading;
  }

  async #read(body: Readable): Promise<void> {
    const { closing } = this.#options.http;
    const stop = (): void => void body.destroy();
    closing.addEventListener('abort', stop);
    try {
      for await (const chunk of this.#chunks(body)) {
        this.#take(chunk);
        this.#wake();
        if (this.#broken) return;
        while (this.#isFull()) await this.#change();
      }
      this.#end();
    } catch (error) {
      // The server stops: what came in so far is reported, and the answer ends.
      if (closing.aborted) return;
      if (!(error instanceof IngestRefusal)) throw error;
      const failure = failureOf(error.problem);
      this.#refuse(failure.error_code, failure.message);
    } finally {
      closing.removeEventListener('abort', stop);
      this.#options.onEnd(this.#records, this.#bytes);
    }
  }

  /** Settles at the next `#wake`: a record came in, or a report went out. */
  #change(): Promise<void> {
    this.#waiting ??= Promise.withResolvers<void>();
    return this.#waiting.promise;
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  async *#chunks(body: Readable): AsyncGenerator<Buffer> {
    const encoding = this.#options.request.headers['content-encoding'];
    if (encoding === undefined) {
      for await (const chunk of body) yield chunk as Buffer;
      return;
    }
    const compressed: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body) {
      bytes += (chunk as Buffer).length;
      if (bytes > this.#options.http.bodyBytesMax) {
        throw bodyTooLarge(this.#options.http.bodyBytesMax);
      }
      compressed.push(chunk as Buffer);
    }
    yield await decompress(Buffer.concat(compressed), encoding, this.#options.http.bodyBytesMax);
  }

  /** Starts an append for each object that is complete. */
  #take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    const { http, topic, clusterId } = this.#options;
    const text = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let at = 0;
    for (;;) {
      const found = nextValue(text, at);
      if (found === 'not-an-object') {
        this.#refuse(400, 'A record is a JSON object.');
        return;
      }
      if (found === 'none' || found === 'incomplete') break;
      this.#records++;
      const bytes = found.end - found.start;
      this.#underWayBytes += bytes;
      const report = produceOne(http, { cluster: clusterId, topic }, text, found);
      this.#reports.push({ report, bytes });
      at = found.end;
    }
    this.#pending = text.subarray(at);
    if (this.#pending.length > RECORD_TEXT_BYTES_MAX) throw bodyTooLarge(RECORD_TEXT_BYTES_MAX);
  }

  #end(): void {
    if (nextValue(this.#pending, 0) !== 'none') {
      this.#refuse(400, 'Unexpected end of input: the last record is not complete.');
    } else if (this.#records === 0) {
      this.#refuse(422, 'Payload error. Null input provided. Data is required.');
    }
  }

  #refuse(errorCode: number, message: string): void {
    this.#broken = true;
    const failure = { error_code: errorCode, message, mayBeAppended: false };
    this.#reports.push({ report: Promise.resolve({ ok: false, failure }), bytes: 0 });
  }

  #isFull(): boolean {
    return this.#reports.length > UNDER_WAY_MAX || this.#underWayBytes > UNDER_WAY_BYTES_MAX;
  }

  async #next(): Promise<string> {
    const first = this.#reports.shift() as UnderWay;
    const report = await first.report;
    this.#underWayBytes -= first.bytes;
    this.#wake();
    return `${JSON.stringify(report.ok ? report.success : report.failure)}\r\n`;
  }
}
