import { Field, Float, ID, Int, ObjectType } from '@nestjs/graphql';
import { GroupHealth } from '../consumer-groups/consumer-group.types.ts';
import { Long, Timestamp } from '../graphql/scalars.ts';
import { Process } from '../system/system.types.ts';
import { BatchRunState, ProcessorDesired, ProcessorState } from './work-states.ts';

@ObjectType()
export class LiveTotals {
  @Field(() => Float, { nullable: true })
  inPerSecond: number | null;

  @Field(() => Float, { nullable: true })
  outPerSecond: number | null;

  @Field(() => Long, { nullable: true })
  lag: number | null;

  @Field(() => Int)
  topics: number;

  @Field(() => Int)
  groups: number;

  @Field(() => Int)
  runsActive: number;
}

@ObjectType()
export class LiveTopic {
  @Field(() => String)
  name: string;

  @Field(() => Long)
  endOffsetSum: number;

  @Field(() => Float, { nullable: true })
  inPerSecond: number | null;

  @Field(() => Float, { nullable: true })
  outPerSecond: number | null;
}

@ObjectType()
export class LiveGroupPartition {
  @Field(() => String)
  topic: string;

  @Field(() => Int)
  partition: number;

  @Field(() => Long, { nullable: true })
  committedOffset: number | null;

  @Field(() => Long, { nullable: true })
  endOffset: number | null;

  @Field(() => Long, { nullable: true })
  lag: number | null;
}

@ObjectType()
export class LiveGroup {
  @Field(() => String)
  groupId: string;

  @Field(() => String)
  state: string;

  @Field(() => GroupHealth)
  health: keyof typeof GroupHealth;

  @Field(() => Int)
  members: number;

  @Field(() => Long, { nullable: true })
  lag: number | null;

  @Field(() => Float, { nullable: true })
  inPerSecond: number | null;

  @Field(() => Float, { nullable: true })
  outPerSecond: number | null;

  @Field(() => [String])
  topics: string[];

  @Field(() => [LiveGroupPartition])
  partitions: LiveGroupPartition[];
}

@ObjectType()
export class LiveProcessor {
  @Field(() => String)
  pipeline: string;

  @Field(() => ProcessorState)
  state: string;

  @Field(() => ProcessorDesired)
  desired: string;

  @Field(() => Long)
  consumed: number;

  @Field(() => Long)
  produced: number;

  @Field(() => Long)
  deadLettered: number;

  @Field(() => Int)
  instances: number;

  @Field(() => String, { nullable: true })
  lastError: string | null;
}

@ObjectType()
export class LiveRun {
  @Field(() => ID)
  id: string;

  @Field(() => String)
  job: string;

  @Field(() => BatchRunState)
  state: string;

  @Field(() => Int)
  attempt: number;

  @Field(() => Long)
  recordsRead: number;

  @Field(() => Long)
  recordsTotal: number;
}

@ObjectType()
export class LiveFrame {
  @Field(() => ID, {
    description: 'Server boot id; a change means: drop what you hold and fetch anew.',
  })
  epoch: string;

  @Field(() => Int)
  seq: number;

  @Field(() => Timestamp)
  at: number;

  @Field(() => String, {
    nullable: true,
    description: 'Why the broker could not be asked for this frame; null when it could.',
  })
  brokerError: string | null;

  @Field(() => LiveTotals)
  totals: LiveTotals;

  @Field(() => [LiveTopic])
  topics: LiveTopic[];

  @Field(() => [LiveGroup])
  groups: LiveGroup[];

  @Field(() => [LiveProcessor])
  processors: LiveProcessor[];

  @Field(() => [LiveRun])
  runs: LiveRun[];

  @Field(() => [Process])
  processes: Process[];

  @Field(() => Boolean)
  redisConnected: boolean;

  @Field(() => Int)
  workersAlive: number;
}
