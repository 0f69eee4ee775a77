import { Args, Int, Parent, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import {
  type LiveFrame as LiveFrameView,
  LiveMonitor,
  type ProcessorView,
} from '@penstock/control-plane';
import { FIRST_OF_LIST, firstOf } from '../graphql/list-size.ts';
import { rooted } from '../graphql/rooted.ts';
import {
  LiveFrame,
  LiveGroup,
  LiveGroupPartition,
  LiveProcessor,
  LiveTopic,
} from './live.types.ts';

@Resolver(() => LiveFrame)
export class LiveResolver {
  readonly #monitor: LiveMonitor;

  constructor(monitor: LiveMonitor) {
    this.#monitor = monitor;
  }

  @Subscription(() => LiveFrame, {
    description:
      'One frame a second, the newest only: rates per topic, lag per group, processes, runs. Computed once for all subscribers.',
  })
  live(): AsyncIterableIterator<{ live: LiveFrameView }> {
    return rooted('live', this.#monitor.frames.read());
  }
}

/**
 * A frame has what the cluster has: its lists are bounded, and `totals` says how many there are.
 */
@Resolver(() => LiveFrame)
export class LiveListsResolver {
  @ResolveField(() => [LiveTopic], {
    description: 'Topics by name, internal ones left out; `totals` says how many there are.',
  })
  topics(@Parent() frame: LiveFrameView, @Args(FIRST_OF_LIST) first: number | null) {
    return firstOf(frame.topics, first);
  }

  @ResolveField(() => [LiveGroup], {
    description: 'Consumer groups by id; `totals` says how many there are.',
  })
  groups(@Parent() frame: LiveFrameView, @Args(FIRST_OF_LIST) first: number | null) {
    return firstOf(frame.groups, first);
  }
}

@Resolver(() => LiveGroup)
export class LiveGroupListsResolver {
  @ResolveField(() => [LiveGroupPartition], {
    description: 'Partitions that the group reads or has committed in, by topic and number.',
  })
  partitions(
    @Parent() group: LiveFrameView['groups'][number],
    @Args(FIRST_OF_LIST) first: number | null,
  ) {
    return firstOf(group.partitions, first);
  }

  @ResolveField(() => Int, {
    description: 'How many partitions the group reads or has committed in.',
  })
  partitionCount(@Parent() group: LiveFrameView['groups'][number]): number {
    return group.partitions.length;
  }

  @ResolveField(() => [String], {
    description: 'Names of the topics that the group reads or has committed in.',
  })
  topics(
    @Parent() group: LiveFrameView['groups'][number],
    @Args(FIRST_OF_LIST) first: number | null,
  ) {
    return firstOf(group.topics, first);
  }

  @ResolveField(() => Int, {
    description: 'How many topics the group reads or has committed in.',
  })
  topicCount(@Parent() group: LiveFrameView['groups'][number]): number {
    return group.topics.length;
  }
}

@Resolver(() => LiveProcessor)
export class LiveProcessorsResolver {
  @ResolveField(() => Int, { description: 'How many living workers run it.' })
  instances(@Parent() processor: ProcessorView): number {
    return processor.instances.length;
  }
}
