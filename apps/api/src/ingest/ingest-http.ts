import { IngestRefusal, type IngestService } from '@penstock/control-plane';
import type { Config, Counter, Histogram, Metrics } from '@penstock/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { OpenBodies } from '../http/request-limits.ts';
import { checkDigests } from './body-digest.ts';
import { bodyTooLarge, decompress } from './request-body.ts';

export type IngestApi = 'native' | 'v2' | 'v3';

/** How an API answers what it refuses; what is no refusal is thrown on. */
export type Refuse = (reply: FastifyReply, error: unknown) => FastifyReply;

export interface IngestHttpOptions {
  readonly ingest: IngestService;
  readonly config: Config;
  readonly metrics: Metrics;
  readonly bodies: OpenBodies;
}

const ADMITTED_BYTES = 'admittedBytes';

/** What the ingest routes share: the service, the admission of bodies, and the figures. */
export class IngestHttp {
  readonly ingest: IngestService;
  readonly bodies: OpenBodies;
  readonly bodyBytesMax: number;
  readonly #requests: Counter<'api' | 'status'>;
  readonly #records: Counter<'api'>;
  readonly #bytes: Counter<'api'>;
  readonly #seconds: Histogram<'api'>;

  constructor({ ingest, config, metrics, bodies }: IngestHttpOptions) {
    this.ingest = ingest;
    this.bodies = bodies;
    this.bodyBytesMax = config.ingest.bodyBytesMax;
    this.#requests = metrics.counter({
      name: 'penstock_ingest_requests_total',
      help: 'Ingest requests answered',
      labelNames: ['api', 'status'],
    });
    this.#records = metrics.counter({
      name: 'penstock_ingest_records_total',
      help: 'Records that ingest appended',
      labelNames: ['api'],
    });
    this.#bytes = metrics.counter({
      name: 'penstock_ingest_bytes_total',
      help: 'Bytes of the bodies of appended records',
      labelNames: ['api'],
    });
    this.#seconds = metrics.histogram({
      name: 'penstock_ingest_request_seconds',
      help: 'Time from an ingest request to its answer',
      labelNames: ['api'],
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
    });
    metrics.gauge({
      name: 'penstock_ingest_inflight_bytes',
      help: 'Bytes of ingest requests in progress',
      collect() {
        this.set(ingest.inflightBytes);
      },
    });
    metrics.gauge({
      name: 'penstock_ingest_busy_partitions',
      help: 'Partitions for which records wait or are under way',
      collect() {
        this.set(ingest.busyPartitions);
      },
    });
  }

  /** What the routes of one API have in common: figures, and the shape of a refusal. */
  prepare(fastify: FastifyInstance, api: IngestApi, refuse: Refuse): void {
    fastify.decorateRequest(ADMITTED_BYTES, 0);
    fastify.addHook('onResponse', (_request, reply, done) => {
      this.#requests.inc({ api, status: reply.statusCode });
      this.#seconds.observe({ api }, reply.elapsedTime / 1000);
      done();
    });
    fastify.setErrorHandler((error: { code?: string }, _request, reply) => {
      const tooLarge = error.code === 'FST_ERR_CTP_BODY_TOO_LARGE';
      return refuse(reply, tooLarge ? bodyTooLarge(this.bodyBytesMax) : error);
    });
  }

  /** Counts what a request appended. */
  count(api: IngestApi, records: number, bytes: number): void {
    this.#records.inc({ api }, records);
    this.#bytes.inc({ api }, bytes);
  }

  /**
   * A client that waits for `100 Continue` is told that there is no such topic before it sends its
   * body. Other clients are told after their body was read, so that a malformed body creates no
   * topic.
   * @throws IngestRefusal
   */
  async requireTopic(request: FastifyRequest): Promise<void> {
    const { topic } = request.params as { topic?: string };
    if (request.headers.expect === undefined || topic === undefined) return;
    const problem = await this.ingest.topicProblem(topic);
    if (problem !== undefined) throw new IngestRefusal(problem);
  }

  /**
   * The decompressed body of a request, counted among those in progress until `release`.
   * @throws IngestRefusal
   */
  async body(request: FastifyRequest<{ Body: Buffer }>): Promise<Buffer> {
    const raw = request.body ?? Buffer.alloc(0);
    this.admit(request, raw.length);
    checkDigests(request.headers, raw);
    const encoding = request.headers['content-encoding'];
    if (encoding === undefined) return raw;
    const body = await decompress(raw, encoding, this.bodyBytesMax);
    this.admit(request, body.length);
    return body;
  }

  /** @throws IngestRefusal when too much is in progress already, or the body exceeds its limit */
  admit(request: FastifyRequest, bytes: number): void {
    const before = request.getDecorator<number>(ADMITTED_BYTES);
    if (before + bytes > 2 * this.bodyBytesMax) throw bodyTooLarge(this.bodyBytesMax);
    if (!this.ingest.admit(bytes)) {
      throw new IngestRefusal({
        code: 'overloaded',
        message: 'too many bytes of ingest requests are in progress; try again shortly',
        retriable: true,
        mayBeAppended: false,
      });
    }
    request.setDecorator(ADMITTED_BYTES, before + bytes);
  }

  release(request: FastifyRequest): void {
    this.ingest.release(request.getDecorator<number>(ADMITTED_BYTES));
    request.setDecorator(ADMITTED_BYTES, 0);
  }
}
