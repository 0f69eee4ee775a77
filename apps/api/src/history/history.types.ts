import { Field, Float, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { Timestamp } from '../graphql/scalars.ts';

export const SeriesKind = {
  TOTAL: 'total',
  TOPIC: 'topic',
  GROUP: 'group',
  GROUP_PARTITION: 'group-partition',
} as const;
registerEnumType(SeriesKind, {
  name: 'SeriesKind',
  description: 'TOTAL has the subject `*`; GROUP_PARTITION has `group/topic/partition`.',
  valuesMap: {
    TOTAL: { description: 'The whole cluster.' },
    TOPIC: { description: 'One topic.' },
    GROUP: { description: 'One consumer group.' },
    GROUP_PARTITION: { description: 'One partition of a consumer group.' },
  },
});

export const SeriesMetric = { IN: 'in', OUT: 'out', LAG: 'lag' } as const;
registerEnumType(SeriesMetric, {
  name: 'SeriesMetric',
  description: 'Records per second in and out; lag in records.',
  valuesMap: {
    IN: { description: 'Records per second that arrive.' },
    OUT: { description: 'Records per second that groups commit.' },
    LAG: { description: 'Records that are not committed yet.' },
  },
});

@InputType({ description: 'One series of samples.' })
export class SeriesInput {
  @Field(() => SeriesKind, { description: 'What the series is about.' })
  kind: (typeof SeriesKind)[keyof typeof SeriesKind];

  @Field(() => String, {
    description: 'Which one it is about: `*`, a topic, a group, or `group/topic/partition`.',
  })
  subject: string;

  @Field(() => SeriesMetric, { description: 'What was measured.' })
  metric: (typeof SeriesMetric)[keyof typeof SeriesMetric];
}

@InputType({ description: 'Which samples of the past to read.' })
export class HistoryInput {
  @Field(() => [SeriesInput], { description: 'The series, at most 50.' })
  series: SeriesInput[];

  @Field(() => Timestamp, { description: 'Beginning of the range.' })
  from: number;

  @Field(() => Timestamp, { nullable: true, description: 'Default: now.' })
  to?: number | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 900,
    description: 'Samples of each series, 1 to 2000.',
  })
  maxPoints?: number | null;
}

@ObjectType({
  description: 'Columns of equal length; a value is null where nothing was measured.',
})
export class HistorySeries {
  @Field(() => SeriesKind, { description: 'What the series is about.' })
  kind: string;

  @Field(() => String, { description: 'Which one it is about.' })
  subject: string;

  @Field(() => SeriesMetric, { description: 'What was measured.' })
  metric: string;

  @Field(() => [Timestamp], { description: 'Begin of each step, ascending.' })
  at: number[];

  @Field(() => [Float], {
    nullable: 'items',
    description: 'The mean of a rate, the maximum of a lag, within each step.',
  })
  value: (number | null)[];
}

@ObjectType({ description: 'Samples of the past.' })
export class History {
  @Field(() => Int, { description: 'Resolution of the samples that were read.' })
  tierSeconds: number;

  @Field(() => [HistorySeries], {
    description: 'The series in the order in which they were asked for.',
  })
  series: HistorySeries[];
}
