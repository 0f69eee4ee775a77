import { Args, Context, Int, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import {
  ConsumerGroupsService,
  type ConsumerGroupView,
  type GroupPartitionView,
  type TopicView,
} from '@penstock/control-plane';
import { AFTER, FIRST_OF_LIST, firstOf, firstOfPage, pageSize } from '../graphql/list-size.ts';
import type { RequestContext } from '../graphql/request-context.ts';
import { Long } from '../graphql/scalars.ts';
import { Topic } from '../topics/topic.types.ts';
import {
  ConsumerGroup,
  ConsumerGroupConnection,
  GroupMember,
  GroupPartition,
  TopicPartition,
} from './consumer-group.types.ts';

@Resolver(() => ConsumerGroup)
export class ConsumerGroupsResolver {
  readonly #service: ConsumerGroupsService;

  constructor(service: ConsumerGroupsService) {
    this.#service = service;
  }

  @Query(() => ConsumerGroupConnection, {
    description: 'Consumer groups by id; `filter` is a part of the id.',
  })
  consumerGroups(
    @Args('filter', {
      type: () => String,
      nullable: true,
      description: 'Only those whose id contains this text, in any case.',
    })
    filter: string | null,
    @Args(firstOfPage(100)) first: number | null,
    @Args(AFTER) after: string | null,
  ) {
    return this.#service.list({ filter, first: pageSize(first, 100), after });
  }

  @Query(() => ConsumerGroup, {
    nullable: true,
    description: 'One group; null when there is none of the id.',
  })
  consumerGroup(
    @Args('groupId', { type: () => String, description: 'Id of the group.' }) groupId: string,
  ): Promise<ConsumerGroupView | null> {
    return this.#service.find(groupId);
  }
}

/** Members and partitions are as many as the cluster has: their lists are bounded. */
@Resolver(() => ConsumerGroup)
export class ConsumerGroupListsResolver {
  @ResolveField(() => [GroupMember], {
    description: 'Members by id; none when nobody consumes.',
  })
  members(@Parent() group: ConsumerGroupView, @Args(FIRST_OF_LIST) first: number | null) {
    return firstOf(group.members, first);
  }

  @ResolveField(() => Int, { description: 'How many members the group has.' })
  memberCount(@Parent() group: ConsumerGroupView): number {
    return group.members.length;
  }

  @ResolveField(() => [GroupPartition], {
    description: 'Partitions that the group reads or has committed in, by topic and number.',
  })
  partitions(@Parent() group: ConsumerGroupView, @Args(FIRST_OF_LIST) first: number | null) {
    return firstOf(group.partitions, first);
  }

  @ResolveField(() => Int, {
    description: 'How many partitions the group reads or has committed in.',
  })
  partitionCount(@Parent() group: ConsumerGroupView): number {
    return group.partitions.length;
  }

  @ResolveField(() => [String], {
    description: 'Names of the topics that the group reads or has committed in.',
  })
  topics(@Parent() group: ConsumerGroupView, @Args(FIRST_OF_LIST) first: number | null) {
    return firstOf(group.topics, first);
  }

  @ResolveField(() => Int, {
    description: 'How many topics the group reads or has committed in.',
  })
  topicCount(@Parent() group: ConsumerGroupView): number {
    return group.topics.length;
  }
}

@Resolver(() => GroupMember)
export class GroupMembersResolver {
  @ResolveField(() => [TopicPartition], { description: 'Partitions that are assigned to it.' })
  assignments(
    @Parent() member: ConsumerGroupView['members'][number],
    @Args(FIRST_OF_LIST) first: number | null,
  ) {
    return firstOf(member.assignments, first);
  }

  @ResolveField(() => Int, { description: 'How many partitions are assigned to it.' })
  assignmentCount(@Parent() member: ConsumerGroupView['members'][number]): number {
    return member.assignments.length;
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
  readonly #service: ConsumerGroupsService;

  constructor(service: ConsumerGroupsService) {
    this.#service = service;
  }

  @ResolveField(() => [ConsumerGroup], {
    description: 'The groups that read or have committed in it, by id.',
  })
  async consumerGroups(
    @Parent() topic: TopicView,
    @Args(FIRST_OF_LIST) first: number | null,
  ): Promise<ConsumerGroupView[]> {
    return firstOf(await this.#service.ofTopic(topic.name), first);
  }

  @ResolveField(() => Int, {
    description: 'How many groups read or have committed in it.',
  })
  async consumerGroupCount(@Parent() topic: TopicView): Promise<number> {
    return (await this.#service.ofTopic(topic.name)).length;
  }
}
