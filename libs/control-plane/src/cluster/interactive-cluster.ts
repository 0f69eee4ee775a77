import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Config } from '@penstock/platform';
import { ClusterClient } from './cluster-client.ts';

/**
 * The connections that queries and mutations use. They are not those of the sampler: a broker
 * answers the requests of a connection in their order, and reading a megabyte of records must not
 * delay the next frame.
 */
@Injectable()
export class InteractiveCluster extends ClusterClient implements OnModuleDestroy {
  constructor(config: Config) {
    super({
      bootstrapServers: config.kafka.bootstrapServers,
      clientId: 'penstock-api',
      connectTimeoutMs: 2_000,
      requestTimeoutMs: 6_000,
    });
  }

  onModuleDestroy(): void {
    this.close();
  }
}
