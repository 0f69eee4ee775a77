import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { IngestModule, IngestService, MonitoringModule } from '@penstock/control-plane';
import { asDatabaseProblem, ControlDatabase, Health, RedisConnection } from '@penstock/platform';
import { isDashboardBuilt } from '../dashboard/dashboard.plugin.ts';
import { HealthController } from './health.controller.ts';
import { MetricsPage } from './metrics.page.ts';

/** Injection token of the folder of the built dashboard. */
export const DASHBOARD_ROOT = Symbol('dashboard root');

@Module({
  imports: [IngestModule, MonitoringModule],
  controllers: [HealthController],
  providers: [MetricsPage],
})
export class HealthModule implements OnModuleInit {
  readonly #health: Health;
  readonly #ingest: IngestService;
  readonly #database: ControlDatabase;
  readonly #redis: RedisConnection;
  readonly #dashboardRoot: string;

  constructor(
    health: Health,
    ingest: IngestService,
    database: ControlDatabase,
    redis: RedisConnection,
    @Inject(DASHBOARD_ROOT) dashboardRoot: string,
  ) {
    this.#health = health;
    this.#ingest = ingest;
    this.#database = database;
    this.#redis = redis;
    this.#dashboardRoot = dashboardRoot;
  }

  onModuleInit(): void {
    this.#health.register({
      name: 'broker',
      required: true,
      check: async () => {
        await this.#ingest.reachBroker();
        return { ok: true };
      },
    });
    this.#health.register({
      name: 'database',
      required: true,
      check: async () => {
        const asked = this.#database.$queryRaw`SELECT 1`;
        await asked.catch((error: unknown) => {
          throw asDatabaseProblem(error) ?? error;
        });
        return { ok: true };
      },
    });
    // What is written there can wait; records, queries and live figures do not need it.
    this.#health.register({
      name: 'databaseWrites',
      required: false,
      check: () => {
        const problem = this.#database.currentProblem();
        return problem === null ? { ok: true } : { ok: false, detail: problem };
      },
    });
    this.#health.register({
      name: 'dashboard',
      required: true,
      check: () =>
        isDashboardBuilt(this.#dashboardRoot)
          ? { ok: true }
          : { ok: false, detail: 'the dashboard is not built: npm run build' },
    });
    this.#health.register({
      name: 'redis',
      required: false,
      check: () =>
        this.#redis.problem === null
          ? { ok: true }
          : { ok: false, detail: `batch jobs wait. ${this.#redis.problem.words}` },
    });
  }
}
