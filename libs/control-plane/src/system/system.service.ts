import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Config, maskSecrets, RedisConnection, repositoryFolder } from '@penstock/platform';
import { ClusterUnavailable, InteractiveCluster } from '../cluster/index.ts';
import { EventRecorder } from '../events/index.ts';

export interface SystemOverview {
  readonly brokerKind: 'EMBEDDED' | 'CLUSTER';
  readonly bootstrapServers: string;
  readonly version: string;
  /** ms since epoch */
  readonly startedAt: number;
  readonly dataDir: string;
  readonly durability: string;
  readonly redis: {
    readonly connected: boolean;
    readonly url: string;
    readonly problem: string | null;
    readonly help: string | null;
  };
}

/** What this installation is. */
@Injectable()
export class SystemService implements OnModuleDestroy {
  readonly #config: Config;
  readonly #redis: RedisConnection;
  readonly #cluster: InteractiveCluster;
  readonly #startedAt = Date.now();
  readonly #version = readVersion();
  readonly #stop: () => void;

  constructor(
    config: Config,
    redis: RedisConnection,
    cluster: InteractiveCluster,
    events: EventRecorder,
  ) {
    this.#config = config;
    this.#cluster = cluster;
    this.#redis = redis;
    let known = redis.usable;
    let lost = false;
    this.#stop = redis.onChange((usable) => {
      // Redis becoming usable for the first time is no event; losing it and getting it back are.
      const news = usable ? lost : known;
      known = usable;
      lost = !usable;
      if (news) {
        const kind = usable ? 'REDIS_CONNECTED' : 'REDIS_LOST';
        const message = redis.problem?.words ?? 'Redis can be used again';
        events.record(kind, 'redis', message);
      }
    });
  }

  overview(): SystemOverview {
    const { kafka, dataDir, durability } = this.#config;
    return {
      brokerKind: kafka.external ? 'CLUSTER' : 'EMBEDDED',
      // What a client has to type, not the address this process uses.
      bootstrapServers: kafka.publicServers.join(','),
      version: this.#version,
      startedAt: this.#startedAt,
      dataDir,
      durability: kafka.external ? 'cluster' : durability,
      redis: {
        connected: this.#redis.usable,
        url: maskSecrets(this.#redis.url, this.#config.secrets),
        problem: this.#redis.problem?.words ?? null,
        help: this.#redis.problem?.help ?? null,
      },
    };
  }

  /** Null while the cluster cannot be asked. */
  async clusterId(): Promise<string | null> {
    try {
      return (await this.#cluster.metadata([])).clusterId;
    } catch (error) {
      if (error instanceof ClusterUnavailable) {
        return null;
      }
      throw error;
    }
  }

  onModuleDestroy(): void {
    this.#stop();
  }
}

function readVersion(): string {
  const file = join(repositoryFolder, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
