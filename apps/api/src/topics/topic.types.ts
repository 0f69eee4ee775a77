import { createUnionType, Field, Float, InputType, Int, ObjectType } from '@nestjs/graphql';
import {
  BrokerRefused,
  InvalidInput,
  TopicExists,
  TopicNotFound,
} from '../graphql/problem.types.ts';
import { Long } from '../graphql/scalars.ts';

@ObjectType()
export class Partition {
  @Field(() => Int)
  partition: number;

  @Field(() => Int, { nullable: true, description: 'Broker id; null without a leader.' })
  leader: number | null;

  @Field(() => Long, { nullable: true, description: 'Log start offset.' })
  startOffset: number | null;

  @Field(() => Long, { nullable: true, description: 'Log end offset: that of the next record.' })
  endOffset: number | null;

  @Field(() => Long, { nullable: true })
  sizeBytes: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why the figures are missing, when they are.',
  })
  error: string | null;
}

@ObjectType()
export class TopicConfig {
  @Field(() => String)
  name: string;

  @Field(() => String, { nullable: true, description: 'Null when it is secret.' })
  value: string | null;

  @Field(() => String, { description: "Kafka's word for where the value comes from." })
  source: string;

  @Field(() => Boolean)
  isDefault: boolean;

  @Field(() => Boolean)
  readOnly: boolean;

  @Field(() => String, { nullable: true })
  documentation: string | null;
}

@ObjectType()
export class Topic {
  @Field(() => String)
  name: string;

  @Field(() => String, {
    nullable: true,
    description: 'Uuid that a topic of the same name, made later, does not share.',
  })
  id: string | null;

  @Field(() => Boolean)
  internal: boolean;

  @Field(() => Int)
  partitionCount: number;

  @Field(() => [Partition])
  partitions: Partition[];

  @Field(() => Long, { description: 'Records between start and end offsets, all partitions.' })
  recordCount: number;

  @Field(() => Long, {
    nullable: true,
    description: 'Bytes on disk; null when the cluster does not tell.',
  })
  sizeBytes: number | null;

  @Field(() => [TopicConfig])
  configs: TopicConfig[];

  @Field(() => Float, {
    nullable: true,
    description: 'Records per second now; null until two samples exist.',
  })
  inPerSecond: number | null;

  @Field(() => Float, { nullable: true, description: 'Records per second that groups commit.' })
  outPerSecond: number | null;
}

@ObjectType()
export class TopicConnection {
  @Field(() => [Topic])
  nodes: Topic[];

  @Field(() => Int)
  totalCount: number;

  @Field(() => String, { nullable: true })
  endCursor: string | null;

  @Field(() => Boolean)
  hasNextPage: boolean;
}

@ObjectType()
export class TopicDeleted {
  @Field(() => String)
  name: string;
}

@InputType()
export class ConfigEntryInput {
  @Field(() => String)
  name: string;

  @Field(() => String)
  value: string;
}

@InputType()
export class CreateTopicInput {
  @Field(() => String)
  name: string;

  @Field(() => Int, { nullable: true, description: "Default: the cluster's." })
  partitions?: number | null;

  @Field(() => Int, { nullable: true, description: "Default: the cluster's." })
  replicationFactor?: number | null;

  @Field(() => [ConfigEntryInput], { nullable: true })
  configs?: ConfigEntryInput[] | null;
}

export const CreateTopicResult = createUnionType({
  name: 'CreateTopicResult',
  types: () => [Topic, TopicExists, InvalidInput, BrokerRefused] as const,
  resolveType: (value: { kind?: string }) => createResultTypes[value.kind ?? ''] ?? Topic,
});

const createResultTypes: Record<
  string,
  typeof TopicExists | typeof InvalidInput | typeof BrokerRefused
> = {
  'topic-exists': TopicExists,
  'invalid-input': InvalidInput,
  'broker-refused': BrokerRefused,
};

export const DeleteTopicResult = createUnionType({
  name: 'DeleteTopicResult',
  types: () => [TopicDeleted, TopicNotFound, BrokerRefused] as const,
  resolveType: (value: { kind?: string }) => deleteResultTypes[value.kind ?? ''] ?? TopicDeleted,
});

const deleteResultTypes: Record<string, typeof TopicNotFound | typeof BrokerRefused> = {
  'topic-not-found': TopicNotFound,
  'broker-refused': BrokerRefused,
};
