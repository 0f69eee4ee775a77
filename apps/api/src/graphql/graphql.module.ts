import { Module } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { GraphQLModule } from '@nestjs/graphql';
import { ConsumerGroupsService, MonitoringModule, TopicsService } from '@penstock/control-plane';
import { Logger } from '@penstock/platform';
import { describeError } from './graphql-error.ts';
import { queryLimitsPlugin } from './query-limits-plugin.ts';
import { TOKENS_MAX } from './query-limits.ts';
import { createRequestContext } from './request-context.ts';
import { SubscriptionsServer } from './subscriptions-server.ts';

const PATH = '/graphql';
/** A record that is sent from the dashboard has up to 1 MB, more once it is JSON. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

function apolloConfig(
  logger: Logger,
  topics: TopicsService,
  consumerGroups: ConsumerGroupsService,
): Omit<ApolloDriverConfig, 'driver'> {
  return {
    path: PATH,
    autoSchemaFile: true,
    introspection: true,
    graphiql: false,
    csrfPrevention: true,
    includeStacktraceInErrorResponses: false,
    parseOptions: { maxTokens: TOKENS_MAX },
    context: () => createRequestContext({ topics, consumerGroups }),
    plugins: [queryLimitsPlugin()],
    formatError: (formatted, error) => {
      const described = describeError(error, formatted.extensions?.['code']);
      if (described.internal !== null) {
        logger.pino.error({ err: described.internal }, 'a GraphQL operation failed');
      }
      return { ...formatted, ...described.formatted };
    },
  };
}

/**
 * GraphQL at /graphql, over HTTP and WebSocket. Imported once by the application; the resolvers
 * come with the modules of the nouns.
 */
@Module({
  imports: [
    MonitoringModule,
    GraphQLModule.forRootAsync<ApolloDriverConfig>({
      driver: ApolloDriver,
      imports: [MonitoringModule],
      inject: [Logger, TopicsService, ConsumerGroupsService],
      useFactory: apolloConfig,
    }),
  ],
  providers: [SubscriptionsServer],
})
export class GraphqlModule {
  constructor(adapterHost: HttpAdapterHost) {
    // Before the route is made: the limit of other routes is for whole files of records.
    const server = adapterHost.httpAdapter?.getInstance<FastifyHooks>();
    server?.addHook('onRoute', (route) => {
      if (route.url === PATH) {
        route.bodyLimit = BODY_BYTES_MAX;
      }
    });
  }
}

interface FastifyHooks {
  addHook(name: 'onRoute', hook: (route: { url: string; bodyLimit?: number }) => void): void;
}
