import { Readable } from 'node:stream';
import { IngestRefusal, nextValue } from '@penstock/control-plane';
import type { ProblemDetails } from '../http/problem-details.ts';
import type { IngestHttp } from './ingest-http.ts';
import { bodyTooLarge, decompress } from './request-body.ts';
import { failureOf, produceOne, type V3Failure } from './rest-proxy-v3-report.ts';

export interface V3StreamOptions {
  readonly http: IngestHttp;
  /** Content-Encoding of the body, if it has one. */
  readonly encoding: string | undefined;
  readonly topic: string;
  readonly clusterId: string;
  /** Called once, with how many records and bytes came in. */
  readonly onEnd: (records: number, bytes: number) => void;
  /** Called when the answer ends before the body does. */
  readonly onBroken: () => void;
}

type Report = Awaited<ReturnType<typeof produceOne>>;

/** Records, and bytes of them, under way at once; beyond these, reading from the client pauses. */
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
 * at once, and reported in order. While a client is slow to read its reports, nothing is read from
 * it.
 */
export class V3Stream {
  readonly #options: V3StreamOptions;
  readonly #reports: UnderWay[] = [];
  #underWayBytes = 0;
  #pending: Buffer = Buffer.alloc(0);
  #records = 0;
  #bytes = 0;
  #ended = false;
  #body: Readable | undefined;
  readonly #compressed: Buffer[] = [];
  #compressedBytes = 0;
  #waiting: PromiseWithResolvers<void> | undefined;

  constructor(options: V3StreamOptions) {
    this.#options = options;
  }

  /** The body of the answer. */
  reports(body: Readable): Readable {
    this.#body = body;
    const { encoding } = this.#options;
    const take = encoding === undefined ? this.#take : this.#collect;
    body.on('data', (chunk: Buffer) => {
      if (!this.#ended) this.#guard(() => take.call(this, chunk));
    });
    body.on('end', () => void this.#finish());
    // The client has gone; what it sent is appended, and nobody reads the reports.
    body.on('error', () => this.#close());
    return Readable.from(this.#run(), { objectMode: false });
  }

  /** Ends the answer after the reports of what came in so far, with one line that says why. */
  end(problem: ProblemDetails): void {
    if (this.#ended) return;
    const { status, detail } = problem;
    this.#refuse({
      error_code: status === 503 ? 50302 : status,
      message: `${detail}, but for the records that are reported above`,
      mayBeAppended: false,
    });
  }

  /** Reports go out as soon as they are there, whether or not more of the body comes in. */
  async *#run(): AsyncGenerator<string> {
    while (!this.#ended || this.#reports.length > 0) {
      if (this.#reports.length > 0) yield await this.#next();
      else await this.#change();
    }
  }

  /** Settles at the next `#wake`: a record came in, or the body ended. */
  #change(): Promise<void> {
    this.#waiting ??= Promise.withResolvers<void>();
    return this.#waiting.promise;
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof IngestRefusal)) throw error;
      this.#refuse(failureOf(error.problem));
    }
    if (this.#isFull()) this.#body?.pause();
    this.#wake();
  }

  /** A compressed body is taken as a whole. */
  #collect(chunk: Buffer): void {
    this.#compressedBytes += chunk.length;
    const { bodyBytesMax } = this.#options.http;
    if (this.#compressedBytes > bodyBytesMax) throw bodyTooLarge(bodyBytesMax);
    this.#compressed.push(chunk);
  }

  async #finish(): Promise<void> {
    if (this.#ended) return;
    const { encoding, http } = this.#options;
    try {
      if (encoding !== undefined) {
        const whole = Buffer.concat(this.#compressed);
        this.#take(await decompress(whole, encoding, http.bodyBytesMax));
      }
      if (!this.#ended) this.#judgeEnd();
    } catch (error) {
      if (!(error instanceof IngestRefusal)) throw error;
      this.#refuse(failureOf(error.problem));
    }
    this.#close();
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnd(this.#records, this.#bytes);
    this.#wake();
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
        this.#refuse(invalid(400, 'A record is a JSON object.'));
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

  #judgeEnd(): void {
    if (nextValue(this.#pending, 0) !== 'none') {
      this.#refuse(invalid(400, 'Unexpected end of input: the last record is not complete.'));
    } else if (this.#records === 0) {
      this.#refuse(invalid(422, 'Payload error. Null input provided. Data is required.'));
    }
  }

  /** The last report; nothing more is read, so the connection cannot be used again. */
  #refuse(failure: V3Failure): void {
    this.#reports.push({ report: Promise.resolve({ ok: false, failure }), bytes: 0 });
    this.#close();
    if (this.#body?.readableEnded === false) this.#options.onBroken();
  }

  #isFull(): boolean {
    return this.#reports.length > UNDER_WAY_MAX || this.#underWayBytes > UNDER_WAY_BYTES_MAX;
  }

  async #next(): Promise<string> {
    const first = this.#reports.shift() as UnderWay;
    const report = await first.report;
    this.#underWayBytes -= first.bytes;
    if (!this.#isFull()) this.#body?.resume();
    return `${JSON.stringify(report.ok ? report.success : report.failure)}\r\n`;
  }
}

function invalid(errorCode: number, message: string): V3Failure {
  return { error_code: errorCode, message, mayBeAppended: false };
}
