import { IngestRefusal, type IngestService } from '@penstock/control-plane';
import type { Config, Counter, Histogram, Metrics } from '@penstock/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bodyTooLarge, decompress } from './request-body.ts';

type Api = 'native' | 'v2' | 'v3';

/** What the ingest routes share: the service, the admission of bodies, and the figures. */
export class IngestHttp {
  readonly ingest: IngestService;
  readonly bodyBytesMax: number;
  readonly #closing = new AbortController();
  readonly #admitted = new WeakMap<FastifyRequest, number>();
  readonly #requests: Counter<'api' | 'status'>;
  readonly #records: Counter<'api'>;
  readonly #bytes: Counter<'api'>;
  readonly #seconds: Histogram<'api'>;

  constructor(ingest: IngestService, config: Config, metrics: Metrics) {
    this.ingest = ingest;
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

  /** Aborted when the server stops: requests without an end of their own must then come to one. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  beginClose(): void {
    this.#closing.abort();
  }

  /**
   * The decompressed body of a request, counted among those in progress until `release`.
   * @throws IngestRefusal
   */
  async body(request: FastifyRequest<{ Body: Buffer }>): Promise<Buffer> {
    const raw = request.body ?? Buffer.alloc(0);
    this.admit(request, raw.length);
    const encoding = request.headers['content-encoding'];
    if (encoding === undefined) return raw;
    const body = await decompress(raw, encoding, this.bodyBytesMax);
    this.admit(request, body.length);
    return body;
  }

  /** @throws IngestRefusal when too much is in progress already, or the body exceeds its limit */
  admit(request: FastifyRequest, bytes: number): void {
    const before = this.#admitted.get(request) ?? 0;
    if (before + bytes > 2 * this.bodyBytesMax) throw bodyTooLarge(this.bodyBytesMax);
    if (!this.ingest.admit(bytes)) {
      throw new IngestRefusal({
        code: 'overloaded',
        message: 'too many bytes of ingest requests are in progress; try again shortly',
      });
    }
    this.#admitted.set(request, before + bytes);
  }

  release(request: FastifyRequest): void {
    const bytes = this.#admitted.get(request);
    if (bytes === undefined) return;
    this.#admitted.delete(request);
    this.ingest.release(bytes);
  }

  /** Starts the clock of a request; call the returned function with what was appended. */
  measure(api: Api, reply: FastifyReply): (records: number, bytes: number) => void {
    const startedAt = performance.now();
    let told = false;
    return (records, bytes) => {
      if (told) return;
      told = true;
      this.#records.inc({ api }, records);
      this.#bytes.inc({ api }, bytes);
      reply.raw.once('finish', () => {
        this.#requests.inc({ api, status: reply.statusCode });
        this.#seconds.observe({ api }, (performance.now() - startedAt) / 1000);
      });
    };
  }
}
