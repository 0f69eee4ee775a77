import {
  Args,
  Context,
  Float,
  Int,
  Mutation,
  Parent,
  Query,
  ResolveField,
  Resolver,
} from '@nestjs/graphql';
import {
  configSources,
  type CreateTopicOutcome,
  LiveMonitor,
  partitionProblem,
  TopicsService,
  type TopicView,
} from '@penstock/control-plane';
import { AFTER, FIRST_OF_LIST, firstOf, firstOfPage, pageSize } from '../graphql/list-size.ts';
import type { RequestContext } from '../graphql/request-context.ts';
import { Long } from '../graphql/scalars.ts';
import {
  CreateTopicInput,
  CreateTopicResult,
  DeleteTopicResult,
  Partition,
  Topic,
  TopicConfig,
  TopicConnection,
} from './topic.types.ts';

@Resolver(() => Topic)
export class TopicsResolver {
  readonly #service: TopicsService;
  readonly #monitor: LiveMonitor;

  constructor(service: TopicsService, monitor: LiveMonitor) {
    this.#service = service;
    this.#monitor = monitor;
  }

  @Query(() => TopicConnection, { description: 'Topics by name; `filter` is a part of the name.' })
  topics(
    @Args('filter', {
      type: () => String,
      nullable: true,
      description: 'Only those whose name contains this text, in any case.',
    })
    filter: string | null,
    @Args('internal', {
      type: () => Boolean,
      nullable: true,
      defaultValue: false,
      description: 'Whether to list topics of Kafka itself, too.',
    })
    internal: boolean | null,
    @Args(firstOfPage(100)) first: number | null,
    @Args(AFTER) after: string | null,
  ) {
    return this.#service.list({ filter, internal, first: pageSize(first, 100), after });
  }

  @Query(() => Topic, {
    nullable: true,
    description: 'One topic; null when there is none of the name.',
  })
  topic(
    @Args('name', { type: () => String, description: 'Name of the topic.' }) name: string,
  ): Promise<TopicView | null> {
    return this.#service.find(name);
  }

  @Mutation(() => CreateTopicResult, {
    description: 'Creates a topic and answers when it can be used.',
  })
  async createTopic(
    @Args('input', { type: () => CreateTopicInput, description: 'What to make.' })
    input: CreateTopicInput,
  ): Promise<TopicView | Exclude<CreateTopicOutcome, { kind: 'topic' }>> {
    const outcome = await this.#service.create(input);
    return outcome.kind === 'topic' ? outcome.topic : outcome;
  }

  @Mutation(() => DeleteTopicResult, { description: 'Deletes a topic with all its records.' })
  deleteTopic(
    @Args('name', { type: () => String, description: 'Name of the topic.' }) name: string,
  ) {
    return this.#service.delete(name);
  }

  @ResolveField(() => Int)
  partitionCount(@Parent() topic: TopicView): number {
    return topic.partitions.length;
  }

  @ResolveField(() => [Partition])
  async partitions(
    @Parent() topic: TopicView,
    @Args(FIRST_OF_LIST) first: number | null,
    @Context() context: RequestContext,
  ) {
    const [offsets, sizes] = await Promise.all([
      context.loaders.topicOffsets.load(topic),
      context.loaders.topicSizes.load(topic),
    ]);
    return firstOf(topic.partitions, first).map(({ partition, leader, errorCode }) => ({
      partition,
      leader,
      startOffset: offsets[partition]?.startOffset ?? null,
      endOffset: offsets[partition]?.endOffset ?? null,
      sizeBytes: sizes[partition] ?? null,
      error: partitionProblem({ leader, errorCode }),
    }));
  }

  @ResolveField(() => Long)
  async recordCount(
    @Parent() topic: TopicView,
    @Context() context: RequestContext,
  ): Promise<number> {
    const offsets = await context.loaders.topicOffsets.load(topic);
    return offsets.reduce(
      (sum, { startOffset, endOffset }) => sum + Math.max(0, (endOffset ?? 0) - (startOffset ?? 0)),
      0,
    );
  }

  @ResolveField(() => Long, { nullable: true })
  async sizeBytes(@Parent() topic: TopicView, @Context() context: RequestContext) {
    const sizes = (await context.loaders.topicSizes.load(topic)).filter((size) => size !== null);
    return sizes.length === 0 ? null : sizes.reduce((sum, size) => sum + size, 0);
  }

  @ResolveField(() => [TopicConfig])
  async configs(@Parent() topic: TopicView, @Context() context: RequestContext) {
    const configs = await context.loaders.topicConfigs.load(topic.name);
    return configs.map((config) => ({
      name: config.name,
      value: config.isSensitive ? null : (config.value ?? null),
      source: configSources[config.configSource] ?? 'UNKNOWN',
      isDefault: configSources[config.configSource] === 'DEFAULT_CONFIG',
      readOnly: config.readOnly,
      documentation: config.documentation ?? null,
    }));
  }

  @ResolveField(() => Float, { nullable: true })
  inPerSecond(@Parent() topic: TopicView): number | null {
    return this.#monitor.topicFigures(topic.name)?.inPerSecond ?? null;
  }

  @ResolveField(() => Float, { nullable: true })
  outPerSecond(@Parent() topic: TopicView): number | null {
    return this.#monitor.topicFigures(topic.name)?.outPerSecond ?? null;
  }
}
