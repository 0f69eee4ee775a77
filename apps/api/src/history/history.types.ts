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
});

export const SeriesMetric = { IN: 'in', OUT: 'out', LAG: 'lag' } as const;
registerEnumType(SeriesMetric, {
  name: 'SeriesMetric',
  description: 'Records per second in and out; lag in records.',
});

@InputType()
export class SeriesInput {
  @Field(() => SeriesKind)
  kind: (typeof SeriesKind)[keyof typeof SeriesKind];

  @Field(() => String)
  subject: string;

  @Field(() => SeriesMetric)
  metric: (typeof SeriesMetric)[keyof typeof SeriesMetric];
}

@InputType()
export class HistoryInput {
  @Field(() => [SeriesInput], { description: 'At most 50.' })
  series: SeriesInput[];

  @Field(() => Timestamp)
  from: number;

  @Field(() => Timestamp, { nullable: true, description: 'Default: now.' })
  to?: number | null;

  @Field(() => Int, { nullable: true, defaultValue: 900, description: 'At most 2000.' })
  maxPoints?: number | null;
}

@ObjectType({
  description: 'Columns of equal length; a value is null where nothing was measured.',
})
export class HistorySeries {
  @Field(() => SeriesKind)
  kind: string;

  @Field(() => String)
  subject: string;

  @Field(() => SeriesMetric)
  metric: string;

  @Field(() => [Timestamp])
  at: number[];

  @Field(() => [Float], {
    nullable: 'items',
    description: 'The mean of a rate, the maximum of a lag, within each step.',
  })
  value: (number | null)[];
}

@ObjectType()
export class History {
  @Field(() => Int, { description: 'Resolution of the samples that were read.' })
  tierSeconds: number;

  @Field(() => [HistorySeries])
  series: HistorySeries[];
}
