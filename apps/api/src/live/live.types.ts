import { Field, Float, ID, Int, ObjectType } from '@nestjs/graphql';
import { GroupHealth } from '../consumer-groups/consumer-group.types.ts';
import { Long, Timestamp } from '../graphql/scalars.ts';
import { Process } from '../system/system.types.ts';
import { BatchRunState, ProcessorDesired, ProcessorState, StateProblem } from './work-states.ts';

@ObjectType({ description: 'Sums over the whole cluster.' })
export class LiveTotals {
  @Field(() => Float, {
    nullable: true,
    description: 'Records per second that arrive in all topics; null until two samples exist.',
  })
  inPerSecond: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Records per second that all groups commit; null until two samples exist.',
  })
  outPerSecond: number | null;

  @Field(() => Long, {
    nullable: true,
    description: 'Records that all groups together are behind; null while unknown.',
  })
  lag: number | null;

  @Field(() => Int, { description: 'How many topics there are, internal ones left out.' })
  topics: number;

  @Field(() => Int, { description: 'How many consumer groups there are.' })
  groups: number;

  @Field(() => Int, { description: 'Batch runs that wait or run.' })
  runsActive: number;
}

@ObjectType({ description: 'Figures of one topic at the moment of the frame.' })
export class LiveTopic {
  @Field(() => String, { description: 'Name of the topic.' })
  name: string;

  @Field(() => Long, {
    description: 'Sum of the log end offsets of its partitions: it grows by one with each record.',
  })
  endOffsetSum: number;

  @Field(() => Float, {
    nullable: true,
    description: 'Records per second that arrive; null until two samples exist.',
  })
  inPerSecond: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Records per second that groups commit in it; null until two samples exist.',
  })
  outPerSecond: number | null;
}

@ObjectType({ description: 'Where a group stands in one partition at the moment of the frame.' })
export class LiveGroupPartition {
  @Field(() => String, { description: 'Name of the topic.' })
  topic: string;

  @Field(() => Int, { description: 'Number of the partition, from 0.' })
  partition: number;

  @Field(() => Long, {
    nullable: true,
    description: 'Offset that the group has committed; null when it has committed none.',
  })
  committedOffset: number | null;

  @Field(() => Long, {
    nullable: true,
    description: 'Log end offset: that of the next record; null while unknown.',
  })
  endOffset: number | null;

  @Field(() => Long, {
    nullable: true,
    description: 'Records between the two; null is unknown, not 0.',
  })
  lag: number | null;
}

@ObjectType({ description: 'Figures of one consumer group at the moment of the frame.' })
export class LiveGroup {
  @Field(() => String, { description: 'Id of the group.' })
  groupId: string;

  @Field(() => String, {
    description: "Kafka's word: Stable, PreparingRebalance, CompletingRebalance, Empty, Dead.",
  })
  state: string;

  @Field(() => GroupHealth, { description: 'What a reader needs to know about the group.' })
  health: keyof typeof GroupHealth;

  @Field(() => Int, { description: 'How many members the group has.' })
  members: number;

  @Field(() => Long, {
    nullable: true,
    description: 'Records that the group is behind; null until a first commit is known.',
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

  @Field(() => [LiveGroupPartition], {
    description: 'Partitions that the group reads or has committed in, by topic and number.',
  })
  partitions: LiveGroupPartition[];
}

@ObjectType({ description: 'A stream processor at the moment of the frame.' })
export class LiveProcessor {
  @Field(() => String, { description: 'Name of the pipeline.' })
  pipeline: string;

  @Field(() => ProcessorState, { description: 'What it does.' })
  state: string;

  @Field(() => ProcessorDesired, { description: 'What it should do.' })
  desired: string;

  @Field(() => Long, { description: 'Records read since the pipeline was first seen.' })
  consumed: number;

  @Field(() => Long, {
    description: 'Records written to its sinks since the pipeline was first seen.',
  })
  produced: number;

  @Field(() => Long, {
    description: 'Records sent to the dead-letter topic since the pipeline was first seen.',
  })
  deadLettered: number;

  @Field(() => Int, { description: 'How many living workers run it.' })
  instances: number;

  @Field(() => String, {
    nullable: true,
    description: 'Why it last failed or retried, in words; null when it did not.',
  })
  lastError: string | null;

  @Field(() => StateProblem, {
    nullable: true,
    description: 'Why its state stops it until somebody decides; null while it does not.',
  })
  stateProblem: string | null;
}

@ObjectType({
  description: 'A batch run that waits or runs, or ended within the last half minute.',
})
export class LiveRun {
  @Field(() => ID, { description: 'Id of the run.' })
  id: string;

  @Field(() => String, { description: 'Name of the batch job.' })
  job: string;

  @Field(() => BatchRunState, { description: 'Where the run is.' })
  state: string;

  @Field(() => Int, { description: 'Which attempt this is; 0 until the first began.' })
  attempt: number;

  @Field(() => Long, { description: 'Offsets passed, of `recordsTotal`.' })
  recordsRead: number;

  @Field(() => Long, { description: 'Offsets in the window, all partitions.' })
  recordsTotal: number;
}

@ObjectType({ description: 'All figures of one moment, made once a second.' })
export class LiveFrame {
  @Field(() => ID, {
    description: 'Server boot id; a change means: drop what you hold and fetch anew.',
  })
  epoch: string;

  @Field(() => Long, {
    description: 'Number of the frame since the server started, ascending by one.',
  })
  seq: number;

  @Field(() => Timestamp, { description: 'When the figures were taken.' })
  at: number;

  @Field(() => String, {
    nullable: true,
    description: 'Why the broker could not be asked for this frame; null when it could.',
  })
  brokerError: string | null;

  @Field(() => LiveTotals, { description: 'Sums over the whole cluster.' })
  totals: LiveTotals;

  @Field(() => [LiveTopic], { description: 'Topics by name, internal ones left out.' })
  topics: LiveTopic[];

  @Field(() => [LiveGroup], { description: 'Consumer groups by id.' })
  groups: LiveGroup[];

  @Field(() => [LiveProcessor], { description: 'Stream processors by pipeline.' })
  processors: LiveProcessor[];

  @Field(() => [LiveRun], {
    description: 'Batch runs that wait or run, and those that ended within the last half minute.',
  })
  runs: LiveRun[];

  @Field(() => [Process], { description: 'Processes of this installation.' })
  processes: Process[];

  @Field(() => Boolean, { description: 'Whether Redis does what batch jobs need.' })
  redisConnected: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'Why Redis cannot be used, and what to do; null when it can.',
  })
  redisError: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Why control.db cannot be written now; null while it can. Meanwhile `processors`, `runs` and `workersAlive` are what was last reported.',
  })
  databaseError: string | null;

  @Field(() => Int, { description: 'How many workers report themselves.' })
  workersAlive: number;
}
