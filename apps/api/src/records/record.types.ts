import {
  createUnionType,
  Field,
  InputType,
  Int,
  ObjectType,
  registerEnumType,
} from '@nestjs/graphql';
import { BrokerRefused, InvalidInput, TopicNotFound } from '../graphql/problem.types.ts';
import { Long, Timestamp } from '../graphql/scalars.ts';

export const RecordsFrom = { OLDEST: 'OLDEST', NEWEST: 'NEWEST' } as const;
registerEnumType(RecordsFrom, { name: 'RecordsFrom', description: 'Which end of the log.' });

@InputType()
export class RecordsInput {
  @Field(() => String)
  topic: string;

  @Field(() => Int, { nullable: true, description: 'All partitions when absent.' })
  partition?: number | null;

  @Field(() => Long, { nullable: true, description: 'First offset; needs partition.' })
  offset?: number | null;

  @Field(() => Timestamp, { nullable: true, description: 'First record at or after this time.' })
  timestamp?: number | null;

  @Field(() => RecordsFrom, {
    nullable: true,
    defaultValue: RecordsFrom.NEWEST,
    description:
      'OLDEST starts at the log start, NEWEST ends at the log end (newest first); used when neither offset nor timestamp is given.',
  })
  from?: keyof typeof RecordsFrom | null;

  @Field(() => Int, { nullable: true, defaultValue: 50, description: 'At most 500.' })
  limit?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Only records whose key or value contains this text; case matters.',
  })
  contains?: string | null;
}

@ObjectType({
  description:
    'Bytes of a key, value or header. `text` when they are valid UTF-8, always `base64`-able through `base64`.',
})
export class RecordData {
  @Field(() => Int, { description: 'Of the whole, also when what is shown was cut.' })
  sizeBytes: number;

  @Field(() => String, { nullable: true })
  text: string | null;

  @Field(() => String, { nullable: true })
  base64: string | null;

  @Field(() => Boolean, { description: 'Whether only the first 64 KiB are shown.' })
  truncated: boolean;
}

@ObjectType()
export class RecordHeader {
  @Field(() => String)
  key: string;

  @Field(() => RecordData, { nullable: true })
  value: RecordData | null;
}

@ObjectType('Record')
export class TopicRecord {
  @Field(() => String)
  topic: string;

  @Field(() => Int)
  partition: number;

  @Field(() => Long)
  offset: number;

  @Field(() => Timestamp)
  timestamp: number;

  @Field(() => RecordData, { nullable: true })
  key: RecordData | null;

  @Field(() => RecordData, { nullable: true, description: 'Null is a tombstone.' })
  value: RecordData | null;

  @Field(() => [RecordHeader])
  headers: RecordHeader[];
}

@ObjectType()
export class PartitionOffset {
  @Field(() => Int)
  partition: number;

  @Field(() => Long)
  offset: number;
}

@ObjectType()
export class RecordPage {
  @Field(() => [TopicRecord])
  records: TopicRecord[];

  @Field(() => [PartitionOffset], {
    description: "Where each partition's page ended; pass as offset to go on.",
  })
  next: PartitionOffset[];

  @Field(() => Int, { description: 'Records looked at, when `contains` filtered.' })
  scanned: number;
}

export const RecordsResult = createUnionType({
  name: 'RecordsResult',
  types: () => [RecordPage, TopicNotFound, InvalidInput] as const,
  resolveType: (value: { kind: string }) => recordsResultTypes[value.kind],
});

const recordsResultTypes: Record<
  string,
  typeof RecordPage | typeof TopicNotFound | typeof InvalidInput
> = {
  'record-page': RecordPage,
  'topic-not-found': TopicNotFound,
  'invalid-input': InvalidInput,
};

@ObjectType()
export class TailFrame {
  @Field(() => [TopicRecord])
  records: TopicRecord[];

  @Field(() => Long, { description: 'Records that came in and were left out of this frame.' })
  skipped: number;
}

@InputType()
export class HeaderInput {
  @Field(() => String)
  key: string;

  @Field(() => String)
  value: string;
}

@InputType()
export class ProduceRecordInput {
  @Field(() => String)
  topic: string;

  @Field(() => Int, { nullable: true, description: 'Default: by the key, else in turn.' })
  partition?: number | null;

  @Field(() => String, { nullable: true })
  key?: string | null;

  @Field(() => String, { nullable: true, description: 'Null for a tombstone.' })
  value?: string | null;

  @Field(() => [HeaderInput], { nullable: true })
  headers?: HeaderInput[] | null;

  @Field(() => Timestamp, { nullable: true, description: 'Default: now.' })
  timestamp?: number | null;
}

@ObjectType()
export class RecordProduced {
  @Field(() => String)
  topic: string;

  @Field(() => Int)
  partition: number;

  @Field(() => Long)
  offset: number;
}

export const ProduceRecordResult = createUnionType({
  name: 'ProduceRecordResult',
  types: () => [RecordProduced, TopicNotFound, InvalidInput, BrokerRefused] as const,
  resolveType: (value: { kind: string }) => produceResultTypes[value.kind],
});

const produceResultTypes: Record<
  string,
  typeof RecordProduced | typeof TopicNotFound | typeof InvalidInput | typeof BrokerRefused
> = {
  'record-produced': RecordProduced,
  'topic-not-found': TopicNotFound,
  'invalid-input': InvalidInput,
  'broker-refused': BrokerRefused,
};
