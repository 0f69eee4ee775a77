import { Module, type DynamicModule } from '@nestjs/common';
import { IngestModule } from '@penstock/control-plane';
import { PlatformModule, type Config, type Logger } from '@penstock/platform';
import { WorkModule } from './batch/work.module.ts';
import { GraphqlModule } from './graphql/graphql.module.ts';
import { DASHBOARD_ROOT, HealthModule } from './health/health.module.ts';

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
        WorkModule,
        {
          module: HealthModule,
          providers: [{ provide: DASHBOARD_ROOT, useValue: dashboardRoot }],
        },
      ],
    };
  }
}
