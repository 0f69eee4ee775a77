import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '@penstock/platform';
import { ClusterClient } from '../cluster/cluster-client.ts';
import { Appender } from './appender.ts';
import { IngestService } from './ingest.service.ts';
import { TopicDirectory } from './topic-directory.ts';

/** Ingest's own connections: a produce must not wait behind somebody's fetch. */
const INGEST_CLUSTER = Symbol('ingest cluster client');

const CONNECT_TIMEOUT_MS = 2_000;
const REQUEST_TIMEOUT_MS = 10_000;
/**
 * How long a request waits for a broker that is away before it is answered 503: six seconds, with
 * the moment that the appender gives an attempt under way.
 */
const APPEND_TIMEOUT_MS = 5_750;

@Module({
  providers: [
    {
      provide: INGEST_CLUSTER,
      inject: [Config],
      useFactory: (config: Config) =>
        new ClusterClient({
          bootstrapServers: config.kafka.bootstrapServers,
          clientId: 'penstock-ingest',
          connectTimeoutMs: CONNECT_TIMEOUT_MS,
          requestTimeoutMs: REQUEST_TIMEOUT_MS,
        }),
    },
    {
      provide: IngestService,
      inject: [INGEST_CLUSTER, Config],
      useFactory: (cluster: ClusterClient, config: Config) => {
        const directory = new TopicDirectory(cluster);
        return new IngestService({
          directory,
          appender: new Appender({ directory, timeoutMs: APPEND_TIMEOUT_MS }),
          inflightBytesMax: config.ingest.inflightBytesMax,
        });
      },
    },
  ],
  exports: [IngestService],
})
export class IngestModule implements OnApplicationShutdown {
  readonly #ingest: IngestService;
  readonly #cluster: ClusterClient;

  constructor(ingest: IngestService, @Inject(INGEST_CLUSTER) cluster: ClusterClient) {
    this.#ingest = ingest;
    this.#cluster = cluster;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#ingest.drain();
    this.#cluster.close();
  }
}
