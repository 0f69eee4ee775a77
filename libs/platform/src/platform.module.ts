import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { Config } from './configuration/config.ts';
import { ControlDatabase } from './database/control-database.ts';
import { DatabaseWatcher } from './database/database-watcher.ts';
import { Health } from './health/health.ts';
import { KafkaClients } from './kafka/kafka-clients.ts';
import { StopSteps } from './lifecycle/stop-steps.ts';
import { Logger } from './logging/logger.ts';
import { Metrics } from './metrics/metrics.ts';
import { RedisConnection } from './redis/redis-connection.ts';

export interface PlatformOptions {
  /** Name of the process: `api` or `worker`. */
  readonly name: string;
  readonly config: Config;
  readonly logger: Logger;
}

/** The usual address of Redis, taken when no other is set; Redis need not run there. */
const REDIS_URL_DEFAULT = 'redis://127.0.0.1:6379';

/**
 * What every Nest process of Penstock injects: Config, Logger, ControlDatabase, DatabaseWatcher,
 * KafkaClients, RedisConnection, Metrics, Health, StopSteps. Import once, at the root; it is
 * global. control.db must have its migrations before (`migrateControlDatabase`,
 * `waitForControlDatabase`).
 */
@Module({})
export class PlatformModule {
  static forRoot(options: PlatformOptions): DynamicModule {
    const providers = platformProviders(options);
    return {
      module: PlatformModule,
      global: true,
      providers,
      exports: [
        Config,
        Logger,
        ControlDatabase,
        DatabaseWatcher,
        KafkaClients,
        RedisConnection,
        Metrics,
        Health,
        StopSteps,
      ],
    };
  }
}

function platformProviders({ name, config, logger }: PlatformOptions): Provider[] {
  return [
    { provide: Config, useValue: config },
    { provide: Logger, useValue: logger },
    { provide: ControlDatabase, useFactory: () => openDatabase(config, logger) },
    {
      provide: DatabaseWatcher,
      inject: [ControlDatabase],
      useFactory: (database: ControlDatabase) =>
        new DatabaseWatcher({ database, logger: logger.pino }),
    },
    {
      provide: KafkaClients,
      useFactory: () => new KafkaClients({ name, config, logger: logger.pino }),
    },
    {
      provide: RedisConnection,
      inject: [ControlDatabase],
      useFactory: (database: ControlDatabase) =>
        new RedisConnection({
          url: config.redisUrl ?? REDIS_URL_DEFAULT,
          bullPrefix: `penstock-${database.installationId}`,
          logger: logger.pino,
        }),
    },
    { provide: Metrics, useFactory: () => new Metrics() },
    { provide: Health, useFactory: () => new Health(config.secrets) },
    { provide: StopSteps, useFactory: () => new StopSteps() },
  ];
}

/** Logs once when control.db can no longer be written, and once when it can again. */
async function openDatabase(config: Config, logger: Logger): Promise<ControlDatabase> {
  const database = await ControlDatabase.open(config, { say: (words) => logger.pino.warn(words) });
  database.onProblem((problem) => {
    if (problem === null) logger.pino.info('control.db can be written again');
    else logger.pino.warn(`${problem}: what needs it waits or fails, all else goes on`);
  });
  return database;
}
