import { Field, Float, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { Long } from '../graphql/scalars.ts';
import { Page } from '../graphql/page.types.ts';

export const GroupHealth = {
  KEEPING_UP: 'KEEPING_UP',
  FALLING_BEHIND: 'FALLING_BEHIND',
  CATCHING_UP: 'CATCHING_UP',
  STALLED: 'STALLED',
  STOPPED: 'STOPPED',
  NO_MEMBERS: 'NO_MEMBERS',
  PAUSED: 'PAUSED',
  UNKNOWN: 'UNKNOWN',
} as const;
registerEnumType(GroupHealth, {
  name: 'GroupHealth',
  description: 'What a reader needs to know about a group.',
  valuesMap: {
    KEEPING_UP: { description: 'Never behind by more than what arrives between two commits.' },
    FALLING_BEHIND: { description: 'Offsets advance, and the lag does not shrink.' },
    CATCHING_UP: { description: 'Behind, and the lag shrinks.' },
    STALLED: { description: 'A partition stands still while others of the group advance.' },
    STOPPED: { description: 'Members are there, records wait, and nothing advances.' },
    NO_MEMBERS: { description: 'Nobody consumes.' },
    PAUSED: { description: 'Our stream processor is paused on purpose.' },
    UNKNOWN: { description: 'Not enough was seen yet, or the cluster does not answer.' },
  },
});

@ObjectType({ description: 'A partition, named with its topic.' })
export class TopicPartition {
  @Field(() => String, { description: 'Name of the topic.' })
  topic: string;

  @Field(() => Int, { description: 'Number of the partition, from 0.' })
  partition: number;
}

@ObjectType({ description: 'A client that is a member of a consumer group.' })
export class GroupMember {
  @Field(() => String, { description: 'Id that the group coordinator gave to it.' })
  memberId: string;

  @Field(() => String, { description: 'Name that the client gives itself.' })
  clientId: string;

  @Field(() => String, {
    description: 'Address that the client connects from, as the broker writes it.',
  })
  clientHost: string;

  @Field(() => String, {
    nullable: true,
    description: '`group.instance.id` of a static member; null for others.',
  })
  instanceId: string | null;

  @Field(() => [TopicPartition], { description: 'Partitions that are assigned to it.' })
  assignments: TopicPartition[];

  @Field(() => Long, { nullable: true, description: 'Lag of the partitions assigned to it.' })
  lag: number | null;
}

@ObjectType({ description: 'Where a group stands in one partition.' })
export class GroupPartition {
  @Field(() => String, { description: 'Name of the topic.' })
  topic: string;

  @Field(() => Int, { description: 'Number of the partition, from 0.' })
  partition: number;

  @Field(() => Long, { nullable: true, description: 'Null: nothing was committed yet.' })
  committedOffset: number | null;

  @Field(() => Long, {
    nullable: true,
    description: 'Log end offset: that of the next record; null while unknown.',
  })
  endOffset: number | null;

  @Field(() => Long, {
    nullable: true,
    description: 'Log start offset: that of the oldest record kept; null while unknown.',
  })
  startOffset: number | null;

  @Field(() => Long, { nullable: true, description: 'Records; null is unknown, not 0.' })
  lag: number | null;

  @Field(() => String, { nullable: true, description: 'The member it is assigned to.' })
  memberId: string | null;

  @Field(() => String, { nullable: true, description: 'What was committed with the offset.' })
  metadata: string | null;
}

@ObjectType({
  description:
    'Clients that share the partitions of topics among them, and the offsets that they have committed.',
})
export class ConsumerGroup {
  @Field(() => String, { description: 'Id of the group.' })
  groupId: string;

  @Field(() => String, {
    description: "Kafka's word: Stable, PreparingRebalance, CompletingRebalance, Empty, Dead.",
  })
  state: string;

  @Field(() => GroupHealth, { description: 'Ours: what a reader needs to know.' })
  health: keyof typeof GroupHealth;

  @Field(() => String, {
    nullable: true,
    description: '`consumer` for consumer groups; null while unknown.',
  })
  protocolType: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'How partitions are assigned, such as `range`; null without members.',
  })
  protocol: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Id of the broker that coordinates the group; null while unknown.',
  })
  coordinator: number | null;

  @Field(() => [GroupMember], { description: 'Members by id; none when nobody consumes.' })
  members: GroupMember[];

  @Field(() => [GroupPartition], {
    description: 'Partitions that the group reads or has committed in, by topic and number.',
  })
  partitions: GroupPartition[];

  @Field(() => Long, {
    nullable: true,
    description: 'Records; null until a first commit is known.',
  })
  lag: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'Records per second that arrive in the topics of the group; null until two samples exist.',
  })
  inPerSecond: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Records per second that the group commits; null until two samples exist.',
  })
  outPerSecond: number | null;

  @Field(() => [String], {
    description: 'Names of the topics that the group reads or has committed in.',
  })
  topics: string[];

  @Field(() => String, {
    nullable: true,
    description: 'Name of our pipeline when the group is a stream processor of ours.',
  })
  pipeline: string | null;
}

@ObjectType({ description: 'One page of consumer groups.' })
export class ConsumerGroupConnection extends Page {
  @Field(() => [ConsumerGroup], { description: 'The consumer groups of this page.' })
  nodes: ConsumerGroup[];

  @Field(() => Long, { description: 'Groups that match, on all pages.' })
  totalCount: number;
}
