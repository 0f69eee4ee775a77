import type { Admin, Consumer, GroupPartitionsAssigner, Producer } from '@platformatic/kafka';

export type BytesConsumer = Consumer<Buffer, Buffer, Buffer, Buffer>;
export type BytesProducer = Producer<Buffer, Buffer, Buffer, Buffer>;

/** Settings of a consumer that the runtime chooses; the rest is the port's. Times are in ms. */
export interface ConsumerSettings {
  readonly autocommit?: boolean;
  readonly sessionTimeout?: number;
  readonly rebalanceTimeout?: number;
  readonly heartbeatInterval?: number;
  readonly protocols?: { readonly name: string; readonly version: number }[];
  readonly partitionAssigner?: GroupPartitionsAssigner;
}

/** Makes Kafka clients that know the brokers. A client that is no longer used is released. */
export interface KafkaPort {
  admin(): Admin;
  producer(settings?: { readonly idempotent?: boolean }): BytesProducer;
  consumer(groupId: string, settings?: ConsumerSettings): BytesConsumer;
  release(client: { close(force?: boolean): Promise<unknown> }): Promise<void>;
}

/** The part of a pino logger that the runtime uses. */
export interface LoggerPort {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
