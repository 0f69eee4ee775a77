import { Int, Parent, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import {
  type LiveFrame as LiveFrameView,
  LiveMonitor,
  type ProcessorView,
} from '@penstock/control-plane';
import { rooted } from '../graphql/rooted.ts';
import { LiveFrame, LiveProcessor } from './live.types.ts';

@Resolver(() => LiveFrame)
export class LiveResolver {
  constructor(private readonly monitor: LiveMonitor) {}

  @Subscription(() => LiveFrame, {
    description:
      'One frame a second, the newest only: rates per topic, lag per group, processes, runs. Computed once for all subscribers.',
  })
  live(): AsyncIterableIterator<{ live: LiveFrameView }> {
    return rooted('live', this.monitor.frames.read());
  }
}

@Resolver(() => LiveProcessor)
export class LiveProcessorsResolver {
  @ResolveField(() => Int)
  instances(@Parent() processor: ProcessorView): number {
    return processor.instances.length;
  }
}
