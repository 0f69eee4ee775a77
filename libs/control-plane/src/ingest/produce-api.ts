import { createAPI, initProducerIdV4, produceV9, Writer } from '@platformatic/kafka';

/** `all`: kept by all in-sync replicas; `leader`: by the leader; `none`: sent, nothing more. */
export type Acks = 'all' | 'leader' | 'none';

export const ACKS_NUMBER: Readonly<Record<Acks, number>> = { all: -1, leader: 1, none: 0 };

/** Batches of one topic, ready to be sent. */
export interface ProduceTopic {
  readonly name: string;
  readonly partitions: readonly { readonly index: number; readonly batch: Buffer }[];
}

export interface ProducePartitionAnswer {
  readonly index: number;
  readonly errorCode: number;
  readonly baseOffset: bigint;
  readonly errorMessage?: string | null | undefined;
}

export interface ProduceAnswer {
  readonly responses: readonly {
    readonly name: string;
    readonly partitionResponses: readonly ProducePartitionAnswer[];
  }[];
}

/**
 * Produce (key 0, version 9) for batches that are encoded already. With acks = 0 the client answers
 * true once the request is written, since the broker answers nothing.
 */
export const produceBatches = createAPI<
  [acks: number, timeoutMs: number, topics: readonly ProduceTopic[]],
  ProduceAnswer | boolean
>(0, 9, createRequest, (...response): ProduceAnswer => produceV9.parseResponse(...response));

/** InitProducerId (key 22, version 4). */
export const initProducerId = initProducerIdV4.api;

function createRequest(acks: number, timeoutMs: number, topics: readonly ProduceTopic[]): Writer {
  const writer = Writer.create()
    .appendString(null)
    .appendInt16(acks)
    .appendInt32(timeoutMs)
    .appendArray([...topics], (topicWriter, topic) => {
      topicWriter
        .appendString(topic.name)
        .appendArray([...topic.partitions], (partitionWriter, { index, batch }) => {
          partitionWriter
            .appendInt32(index)
            .appendUnsignedVarInt(batch.length + 1)
            .append(batch);
        });
    })
    .appendTaggedFields();
  if (acks === 0) writer.context['noResponse'] = true;
  return writer;
}
