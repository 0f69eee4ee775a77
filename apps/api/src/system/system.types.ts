import { Field, ID, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { Timestamp } from '../graphql/scalars.ts';

export const BrokerKind = { EMBEDDED: 'EMBEDDED', CLUSTER: 'CLUSTER' } as const;
registerEnumType(BrokerKind, {
  name: 'BrokerKind',
  description: 'Our own broker, or an Apache Kafka cluster.',
});

export const ProcessState = {
  STARTING: 'STARTING',
  RUNNING: 'RUNNING',
  BACKING_OFF: 'BACKING_OFF',
  STOPPED: 'STOPPED',
} as const;
registerEnumType(ProcessState, {
  name: 'ProcessState',
  description: 'What the supervisor says of a process.',
});

@ObjectType()
export class RedisStatus {
  @Field(() => Boolean)
  connected: boolean;

  @Field(() => String)
  url: string;

  @Field(() => String, {
    nullable: true,
    description: 'What to type when there is none; null when connected.',
  })
  help: string | null;
}

@ObjectType({ description: 'One process of this installation, as its supervisor sees it.' })
export class Process {
  @Field(() => String)
  name: string;

  @Field(() => Int, { nullable: true })
  pid: number | null;

  @Field(() => ProcessState)
  state: keyof typeof ProcessState;

  @Field(() => Timestamp, { nullable: true })
  startedAt: number | null;

  @Field(() => Int)
  restarts: number;

  @Field(() => String, { nullable: true, description: 'How it last ended, in words.' })
  lastExit: string | null;
}

@ObjectType({ description: 'A process that runs pipelines, known by its heartbeats.' })
export class Worker {
  @Field(() => ID)
  id: string;

  @Field(() => Int)
  pid: number;

  @Field(() => String)
  host: string;

  @Field(() => Timestamp)
  startedAt: number;

  @Field(() => Timestamp)
  seenAt: number;

  @Field(() => Boolean)
  alive: boolean;

  @Field(() => Boolean)
  redisConnected: boolean;
}

@ObjectType()
export class System {
  @Field(() => String, { nullable: true, description: 'Null while the broker cannot be asked.' })
  clusterId: string | null;

  @Field(() => BrokerKind, { description: 'embedded | cluster' })
  brokerKind: keyof typeof BrokerKind;

  @Field(() => String, { description: 'What a Kafka client has to be given.' })
  bootstrapServers: string;

  @Field(() => String)
  version: string;

  @Field(() => Timestamp)
  startedAt: number;

  @Field(() => String)
  dataDir: string;

  @Field(() => String)
  durability: string;

  @Field(() => RedisStatus)
  redis: RedisStatus;

  @Field(() => [Process])
  processes: Process[];

  @Field(() => [Worker])
  workers: Worker[];
}
