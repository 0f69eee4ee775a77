import { Field, Float, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { Long } from '../graphql/scalars.ts';

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

@ObjectType()
export class TopicPartition {
  @Field(() => String)
  topic: string;

  @Field(() => Int)
  partition: number;
}

@ObjectType()
export class GroupMember {
  @Field(() => String)
  memberId: string;

  @Field(() => String)
  clientId: string;

  @Field(() => String)
  clientHost: string;

  @Field(() => String, { nullable: true })
  instanceId: string | null;

  @Field(() => [TopicPartition])
  assignments: TopicPartition[];

  @Field(() => Long, { nullable: true, description: 'Lag of the partitions assigned to it.' })
  lag: number | null;
}

@ObjectType()
export class GroupPartition {
  @Field(() => String)
  topic: string;

  @Field(() => Int)
  partition: number;

  @Field(() => Long, { nullable: true, description: 'Null: nothing was committed yet.' })
  committedOffset: number | null;

  @Field(() => Long, { nullable: true })
  endOffset: number | null;

  @Field(() => Long, { nullable: true })
  startOffset: number | null;

  @Field(() => Long, { nullable: true, description: 'Records; null is unknown, not 0.' })
  lag: number | null;

  @Field(() => String, { nullable: true, description: 'The member it is assigned to.' })
  memberId: string | null;

  @Field(() => String, { nullable: true, description: 'What was committed with the offset.' })
  metadata: string | null;
}

@ObjectType()
export class ConsumerGroup {
  @Field(() => String)
  groupId: string;

  @Field(() => String, {
    description: "Kafka's word: Stable, PreparingRebalance, CompletingRebalance, Empty, Dead.",
  })
  state: string;

  @Field(() => GroupHealth, { description: 'Ours: what a reader needs to know.' })
  health: keyof typeof GroupHealth;

  @Field(() => String, { nullable: true })
  protocolType: string | null;

  @Field(() => String, { nullable: true })
  protocol: string | null;

  @Field(() => Int, { nullable: true })
  coordinator: number | null;

  @Field(() => [GroupMember])
  members: GroupMember[];

  @Field(() => [GroupPartition])
  partitions: GroupPartition[];

  @Field(() => Long, {
    nullable: true,
    description: 'Records; null until a first commit is known.',
  })
  lag: number | null;

  @Field(() => Float, { nullable: true })
  inPerSecond: number | null;

  @Field(() => Float, { nullable: true })
  outPerSecond: number | null;

  @Field(() => [String])
  topics: string[];

  @Field(() => String, {
    nullable: true,
    description: 'Name of our pipeline when the group is a stream processor of ours.',
  })
  pipeline: string | null;
}

@ObjectType()
export class ConsumerGroupConnection {
  @Field(() => [ConsumerGroup])
  nodes: ConsumerGroup[];

  @Field(() => Int)
  totalCount: number;

  @Field(() => String, { nullable: true })
  endCursor: string | null;

  @Field(() => Boolean)
  hasNextPage: boolean;
}
