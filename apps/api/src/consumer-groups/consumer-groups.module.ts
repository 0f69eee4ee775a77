import { Module } from '@nestjs/common';
import { MonitoringModule } from '@penstock/control-plane';
import {
  ConsumerGroupsResolver,
  GroupPartitionsResolver,
  TopicConsumerGroupsResolver,
} from './consumer-groups.resolver.ts';

@Module({
  imports: [MonitoringModule],
  providers: [ConsumerGroupsResolver, GroupPartitionsResolver, TopicConsumerGroupsResolver],
})
export class ConsumerGroupsModule {}
