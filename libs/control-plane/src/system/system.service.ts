import { readFileSync } from 'node:fs';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Config, RedisConnection } from '@penstock/platform';
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
    readonly help: string | null;
  };
}

const REDIS_HELP =
  'Batch jobs wait for Redis. Start one with: apt-get install -y redis-server && redis-server --port 6379 ' +
  '(or set REDIS_URL and start again). It is picked up as soon as it answers.';

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
    let known = redis.connected;
    let lost = false;
    this.#stop = redis.onChange((connected) => {
      // The first connection of this process is no news; losing it and its return are.
      const news = connected ? lost : known;
      known = connected;
      lost = !connected;
      if (news) {
        const kind = connected ? 'REDIS_CONNECTED' : 'REDIS_LOST';
        const message = connected ? 'Redis answers again' : 'Redis does not answer';
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
        connected: this.#redis.connected,
        url: withoutPassword(this.#redis.url),
        help: this.#redis.connected ? null : REDIS_HELP,
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

/** This library's package.json lies as far above `src/system` as above `dist/system`. */
function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}
