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
registerEnumType(RecordsFrom, {
  name: 'RecordsFrom',
  description: 'Which end of the log.',
  valuesMap: { OLDEST: { description: 'The log start.' }, NEWEST: { description: 'The log end.' } },
});

@InputType({ description: 'Which records of a topic to show.' })
export class RecordsInput {
  @Field(() => String, { description: 'Name of the topic.' })
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
  @Field(() => Long, { description: 'Of the whole, also when what is shown was cut.' })
  sizeBytes: number;

  @Field(() => String, {
    nullable: true,
    description: 'The bytes as text, cut to 64 KiB; null when they are not valid UTF-8.',
  })
  text: string | null;

  @Field(() => String, { nullable: true, description: 'The bytes in Base64, cut to 64 KiB.' })
  base64: string | null;

  @Field(() => Boolean, { description: 'Whether only the first 64 KiB are shown.' })
  truncated: boolean;
}

@ObjectType({ description: 'One header of a record; a record may have several of a name.' })
export class RecordHeader {
  @Field(() => String, { description: 'Name of the header.' })
  key: string;

  @Field(() => RecordData, {
    nullable: true,
    description: 'Value of the header; null when it has none.',
  })
  value: RecordData | null;
}

@ObjectType('Record', { description: 'One record of a topic.' })
export class TopicRecord {
  @Field(() => String, { description: 'Name of the topic.' })
  topic: string;

  @Field(() => Int, { description: 'Number of the partition, from 0.' })
  partition: number;

  @Field(() => Long, { description: 'Position of the record in its partition.' })
  offset: number;

  @Field(() => Timestamp, {
    description:
      'Time that its producer gave to the record, or that of its append where the topic says so.',
  })
  timestamp: number;

  @Field(() => RecordData, {
    nullable: true,
    description: 'Key of the record; null when it has none.',
  })
  key: RecordData | null;

  @Field(() => RecordData, { nullable: true, description: 'Null is a tombstone.' })
  value: RecordData | null;

  @Field(() => [RecordHeader], { description: 'Headers in the order of the record.' })
  headers: RecordHeader[];
}

@ObjectType({ description: 'A position in one partition.' })
export class PartitionOffset {
  @Field(() => Int, { description: 'Number of the partition, from 0.' })
  partition: number;

  @Field(() => Long, { description: 'Offset of the next record to read.' })
  offset: number;
}

@ObjectType({ description: 'Records that were asked for.' })
export class RecordPage {
  @Field(() => [TopicRecord], {
    description: 'At most `limit` records: newest first from the newest, else by time.',
  })
  records: TopicRecord[];

  @Field(() => [PartitionOffset], {
    description: "Where each partition's page ended; pass as offset to go on.",
  })
  next: PartitionOffset[];

  @Field(() => Long, { description: 'Records looked at, when `contains` filtered.' })
  scanned: number;
}

export const RecordsResult = createUnionType({
  name: 'RecordsResult',
  description: 'A page of records, or why there is none.',
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

@ObjectType({ description: 'Records that came in since the frame before.' })
export class TailFrame {
  @Field(() => [TopicRecord], {
    description: 'The records of this frame, in the order in which they came.',
  })
  records: TopicRecord[];

  @Field(() => Long, { description: 'Records that came in and were left out of this frame.' })
  skipped: number;
}

@InputType({ description: 'A header of a record to be sent.' })
export class HeaderInput {
  @Field(() => String, { description: 'Name of the header.' })
  key: string;

  @Field(() => String, { description: 'Value of the header as text, sent as UTF-8.' })
  value: string;
}

@InputType({ description: 'A record to be sent.' })
export class ProduceRecordInput {
  @Field(() => String, { description: 'Name of the topic, which must exist.' })
  topic: string;

  @Field(() => Int, { nullable: true, description: 'Default: by the key, else in turn.' })
  partition?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Key as text, sent as UTF-8; null for none.',
  })
  key?: string | null;

  @Field(() => String, { nullable: true, description: 'Null for a tombstone.' })
  value?: string | null;

  @Field(() => [HeaderInput], { nullable: true, description: 'Headers in their order.' })
  headers?: HeaderInput[] | null;

  @Field(() => Timestamp, { nullable: true, description: 'Default: now.' })
  timestamp?: number | null;
}

@ObjectType({ description: 'Where the record lies now.' })
export class RecordProduced {
  @Field(() => String, { description: 'Name of the topic.' })
  topic: string;

  @Field(() => Int, { description: 'Number of the partition, from 0.' })
  partition: number;

  @Field(() => Long, { description: 'Offset of the record.' })
  offset: number;
}

export const ProduceRecordResult = createUnionType({
  name: 'ProduceRecordResult',
  description: 'Where the record lies, or why it was not sent.',
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
