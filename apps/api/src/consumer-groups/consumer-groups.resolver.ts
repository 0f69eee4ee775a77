import { Args, Context, Int, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import {
  ConsumerGroupsService,
  type ConsumerGroupView,
  type GroupPartitionView,
  type TopicView,
} from '@penstock/control-plane';
import type { RequestContext } from '../graphql/request-context.ts';
import { Long } from '../graphql/scalars.ts';
import { Topic } from '../topics/topic.types.ts';
import { ConsumerGroup, ConsumerGroupConnection, GroupPartition } from './consumer-group.types.ts';

@Resolver(() => ConsumerGroup)
export class ConsumerGroupsResolver {
  constructor(private readonly service: ConsumerGroupsService) {}

  @Query(() => ConsumerGroupConnection, {
    description: 'Consumer groups by id; `filter` is a part of the id.',
  })
  consumerGroups(
    @Args('filter', { type: () => String, nullable: true }) filter: string | null,
    @Args('first', { type: () => Int, nullable: true, defaultValue: 100 }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
  ) {
    return this.service.list({ filter, first, after });
  }

  @Query(() => ConsumerGroup, {
    nullable: true,
    description: 'One group; null when there is none of the id.',
  })
  consumerGroup(
    @Args('groupId', { type: () => String }) groupId: string,
  ): Promise<ConsumerGroupView | null> {
    return this.service.find(groupId);
  }
}

@Resolver(() => GroupPartition)
export class GroupPartitionsResolver {
  @ResolveField(() => Long, { nullable: true })
  async startOffset(
    @Parent() partition: GroupPartitionView,
    @Context() context: RequestContext,
  ): Promise<number | null> {
    const starts = await context.loaders.startOffsets.load(partition.topic);
    return starts[partition.partition] ?? null;
  }
}

/** What consumer groups add to a topic. */
@Resolver(() => Topic)
export class TopicConsumerGroupsResolver {
  constructor(private readonly service: ConsumerGroupsService) {}

  @ResolveField(() => [ConsumerGroup], {
    description: 'The groups that read or have committed in it.',
  })
  consumerGroups(@Parent() topic: TopicView): Promise<ConsumerGroupView[]> {
    return this.service.ofTopic(topic.name);
  }
}
