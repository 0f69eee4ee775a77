import { Module } from '@nestjs/common';
import { MonitoringModule } from '@penstock/control-plane';
import {
  ConsumerGroupListsResolver,
  ConsumerGroupsResolver,
  GroupMembersResolver,
  GroupPartitionsResolver,
  TopicConsumerGroupsResolver,
} from './consumer-groups.resolver.ts';

@Module({
  imports: [MonitoringModule],
  providers: [
    ConsumerGroupListsResolver,
    ConsumerGroupsResolver,
    GroupMembersResolver,
    GroupPartitionsResolver,
    TopicConsumerGroupsResolver,
  ],
})
export class ConsumerGroupsModule {}
