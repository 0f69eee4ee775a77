import { Field, ID, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { Timestamp } from '../graphql/scalars.ts';

export const BrokerKind = { EMBEDDED: 'EMBEDDED', CLUSTER: 'CLUSTER' } as const;
registerEnumType(BrokerKind, {
  name: 'BrokerKind',
  description: 'Our own broker, or an Apache Kafka cluster.',
  valuesMap: {
    EMBEDDED: { description: 'The broker that comes with Penstock.' },
    CLUSTER: { description: 'An Apache Kafka cluster, named by KAFKA_BOOTSTRAP_SERVERS.' },
  },
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
  valuesMap: {
    STARTING: { description: 'It was started and is not ready yet.' },
    RUNNING: { description: 'It has said that it is ready.' },
    BACKING_OFF: { description: 'It ended, and is started again after a pause.' },
    STOPPED: { description: 'It does not run.' },
  },
});

@ObjectType({ description: 'The Redis that batch jobs use.' })
export class RedisStatus {
  @Field(() => Boolean, { description: 'Whether it does what batch jobs need, writes included.' })
  connected: boolean;

  @Field(() => String, { description: 'Where it is looked for, without its password.' })
  url: string;

  @Field(() => String, {
    nullable: true,
    description: 'Why it cannot be used, and what it said itself; null when it can.',
  })
  problem: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'What to do about the problem; null without one.',
  })
  help: string | null;
}

@ObjectType({ description: 'One process of this installation, as its supervisor sees it.' })
export class Process {
  @Field(() => String, { description: 'Name of the process: broker, api or worker.' })
  name: string;

  @Field(() => Int, {
    nullable: true,
    description: "The operating system's id of the process; null while it does not run.",
  })
  pid: number | null;

  @Field(() => ProcessState, { description: 'Whether it runs.' })
  state: keyof typeof ProcessState;

  @Field(() => Timestamp, {
    nullable: true,
    description: 'When it last started; null when it never did.',
  })
  startedAt: number | null;

  @Field(() => Int, { description: 'How often the supervisor had to start it again.' })
  restarts: number;

  @Field(() => String, { nullable: true, description: 'How it last ended, in words.' })
  lastExit: string | null;
}

@ObjectType({ description: 'A process that runs pipelines, known by its heartbeats.' })
export class Worker {
  @Field(() => ID, { description: 'Id that the worker gave itself at its start.' })
  id: string;

  @Field(() => Int, { description: "The operating system's id of the process." })
  pid: number;

  @Field(() => String, { description: 'Name of the machine that it runs on.' })
  host: string;

  @Field(() => Timestamp, { description: 'When it started.' })
  startedAt: number;

  @Field(() => Timestamp, { description: 'When it last reported itself.' })
  seenAt: number;

  @Field(() => Boolean, { description: 'Whether it has reported itself lately.' })
  alive: boolean;

  @Field(() => Boolean, { description: 'Whether it reaches Redis.' })
  redisConnected: boolean;
}

@ObjectType({ description: 'This installation.' })
export class System {
  @Field(() => String, { nullable: true, description: 'Null while the broker cannot be asked.' })
  clusterId: string | null;

  @Field(() => BrokerKind, { description: 'Whose broker is used.' })
  brokerKind: keyof typeof BrokerKind;

  @Field(() => String, { description: 'What a Kafka client has to be given.' })
  bootstrapServers: string;

  @Field(() => String, { description: 'Version of Penstock.' })
  version: string;

  @Field(() => Timestamp, { description: 'When the api process started.' })
  startedAt: number;

  @Field(() => String, { description: 'Folder of everything that is kept, as an absolute path.' })
  dataDir: string;

  @Field(() => String, {
    description:
      'When a record is acknowledged: `fsync`, on the disk; `os`, in the operating system; `cluster`, as that says.',
  })
  durability: string;

  @Field(() => RedisStatus, { description: 'The Redis that batch jobs use.' })
  redis: RedisStatus;

  @Field(() => [Process], { description: 'Processes of this installation, by their supervisor.' })
  processes: Process[];

  @Field(() => [Worker], { description: 'Workers that have reported themselves.' })
  workers: Worker[];
}
