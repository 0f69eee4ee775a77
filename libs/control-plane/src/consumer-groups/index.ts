export {
  ConsumerGroupsService,
  type ConsumerGroupView,
  type GroupMemberView,
  type GroupPartitionView,
} from './consumer-groups.service.ts';
