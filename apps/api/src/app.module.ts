import { Module, type DynamicModule } from '@nestjs/common';
import { IngestModule } from '@penstock/control-plane';
import { PlatformModule, type Config, type Logger } from '@penstock/platform';
import { BatchModule } from './batch/batch.module.ts';
import { ConsumerGroupsModule } from './consumer-groups/consumer-groups.module.ts';
import { EventsModule } from './events/events.module.ts';
import { GraphqlModule } from './graphql/graphql.module.ts';
import { DASHBOARD_ROOT, HealthModule } from './health/health.module.ts';
import { HistoryModule } from './history/history.module.ts';
import { LiveModule } from './live/live.module.ts';
import { PipelinesModule } from './pipelines/pipelines.module.ts';
import { RecordsModule } from './records/records.module.ts';
import { SystemModule } from './system/system.module.ts';
import { TopicsModule } from './topics/topics.module.ts';

/** What the API speaks of, each with its resolvers. */
const nouns = [
  BatchModule,
  ConsumerGroupsModule,
  EventsModule,
  HistoryModule,
  LiveModule,
  PipelinesModule,
  RecordsModule,
  SystemModule,
  TopicsModule,
];

export interface AppOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Folder of the built dashboard. */
  readonly dashboardRoot: string;
}

/** The composition of the api process. */
@Module({})
export class AppModule {
  static forRoot({ config, logger, dashboardRoot }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot({ name: 'api', config, logger }),
        IngestModule,
        GraphqlModule,
        ...nouns,
        {
          module: HealthModule,
          providers: [{ provide: DASHBOARD_ROOT, useValue: dashboardRoot }],
        },
      ],
    };
  }
}
