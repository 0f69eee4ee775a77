import { createUnionType, Field, Float, InputType, Int, ObjectType } from '@nestjs/graphql';
import {
  BrokerRefused,
  InvalidInput,
  TopicExists,
  TopicNotFound,
} from '../graphql/problem.types.ts';
import { Page } from '../graphql/page.types.ts';
import { Long } from '../graphql/scalars.ts';

@ObjectType({ description: 'One partition of a topic, with its log.' })
export class Partition {
  @Field(() => Int, { description: 'Number of the partition, from 0.' })
  partition: number;

  @Field(() => Int, { nullable: true, description: 'Broker id; null without a leader.' })
  leader: number | null;

  @Field(() => Long, { nullable: true, description: 'Log start offset.' })
  startOffset: number | null;

  @Field(() => Long, { nullable: true, description: 'Log end offset: that of the next record.' })
  endOffset: number | null;

  @Field(() => Long, {
    nullable: true,
    description: 'Bytes that its log takes on the disk; null when the cluster does not tell.',
  })
  sizeBytes: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why the figures are missing, when they are.',
  })
  error: string | null;
}

@ObjectType({ description: 'One setting of a topic, by its name in Kafka.' })
export class TopicConfig {
  @Field(() => String, { description: "Kafka's name, such as `retention.ms`." })
  name: string;

  @Field(() => String, { nullable: true, description: 'Null when it is secret.' })
  value: string | null;

  @Field(() => String, { description: "Kafka's word for where the value comes from." })
  source: string;

  @Field(() => Boolean, { description: 'Whether the value is that of Kafka, set by nobody.' })
  isDefault: boolean;

  @Field(() => Boolean, { description: 'Whether the setting cannot be changed.' })
  readOnly: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'What the broker says of the setting; null when it says nothing.',
  })
  documentation: string | null;
}

@ObjectType({ description: 'A named log of records, cut into partitions.' })
export class Topic {
  @Field(() => String, { description: 'Name of the topic.' })
  name: string;

  @Field(() => String, {
    nullable: true,
    description: 'Uuid that a topic of the same name, made later, does not share.',
  })
  id: string | null;

  @Field(() => Boolean, {
    description: 'Whether the topic is one of Kafka itself, such as `__consumer_offsets`.',
  })
  internal: boolean;

  @Field(() => Int, { description: 'How many partitions the topic has.' })
  partitionCount: number;

  @Field(() => [Partition], { description: 'Partitions by number.' })
  partitions: Partition[];

  @Field(() => Long, { description: 'Records between start and end offsets, all partitions.' })
  recordCount: number;

  @Field(() => Long, {
    nullable: true,
    description: 'Bytes on disk; null when the cluster does not tell.',
  })
  sizeBytes: number | null;

  @Field(() => [TopicConfig], { description: 'Settings of the topic, by name.' })
  configs: TopicConfig[];

  @Field(() => Float, {
    nullable: true,
    description: 'Records per second now; null until two samples exist.',
  })
  inPerSecond: number | null;

  @Field(() => Float, { nullable: true, description: 'Records per second that groups commit.' })
  outPerSecond: number | null;
}

@ObjectType({ description: 'One page of topics.' })
export class TopicConnection extends Page {
  @Field(() => [Topic], { description: 'The topics of this page.' })
  nodes: Topic[];

  @Field(() => Long, { description: 'Topics that match, on all pages.' })
  totalCount: number;
}

@ObjectType({ description: 'The topic is gone, with its records.' })
export class TopicDeleted {
  @Field(() => String, { description: 'Name that the topic had.' })
  name: string;
}

@InputType({ description: 'A setting that a new topic is to have.' })
export class ConfigEntryInput {
  @Field(() => String, { description: "Kafka's name, such as `retention.ms`." })
  name: string;

  @Field(() => String, { description: 'The value as text, as Kafka takes it.' })
  value: string;
}

@InputType({ description: 'A topic to be made.' })
export class CreateTopicInput {
  @Field(() => String, {
    description: 'Name: up to 249 letters, digits, dots, dashes and underscores.',
  })
  name: string;

  @Field(() => Int, { nullable: true, description: "Default: the cluster's." })
  partitions?: number | null;

  @Field(() => Int, { nullable: true, description: "Default: the cluster's." })
  replicationFactor?: number | null;

  @Field(() => [ConfigEntryInput], {
    nullable: true,
    description: 'Settings that are to differ from the defaults.',
  })
  configs?: ConfigEntryInput[] | null;
}

export const CreateTopicResult = createUnionType({
  name: 'CreateTopicResult',
  description: 'The new topic, or why there is none.',
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
  description: 'That the topic is gone, or why it is not.',
  types: () => [TopicDeleted, TopicNotFound, BrokerRefused] as const,
  resolveType: (value: { kind?: string }) => deleteResultTypes[value.kind ?? ''] ?? TopicDeleted,
});

const deleteResultTypes: Record<string, typeof TopicNotFound | typeof BrokerRefused> = {
  'topic-not-found': TopicNotFound,
  'broker-refused': BrokerRefused,
};
