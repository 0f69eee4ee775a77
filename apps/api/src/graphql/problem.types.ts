import { Field, ID, InterfaceType, ObjectType } from '@nestjs/graphql';

@InterfaceType({
  description: 'An outcome that is not what was asked for, but was to be expected.',
})
export abstract class Problem {
  @Field(() => String, { description: 'Stable; for programs.' })
  code: string;

  @Field(() => String, { description: 'For people: what is wrong, and what is allowed.' })
  message: string;
}

@ObjectType({ implements: () => [Problem], description: 'There is no topic of this name.' })
export class TopicNotFound extends Problem {
  @Field(() => String, { description: 'Name that was asked for.' })
  name: string;
}

@ObjectType({ implements: () => [Problem], description: 'A topic of this name is there already.' })
export class TopicExists extends Problem {
  @Field(() => String, { description: 'Name that is taken.' })
  name: string;
}

@ObjectType({
  implements: () => [Problem],
  description: 'An argument was wrong; `field` says which, `message` what is allowed.',
})
export class InvalidInput extends Problem {
  @Field(() => String, {
    description: 'Name of the argument that was wrong, such as `partitions`.',
  })
  field: string;
}

@ObjectType({
  implements: () => [Problem],
  description: 'The broker answered with a Kafka error.',
})
export class BrokerRefused extends Problem {
  @Field(() => String, {
    description: 'Name of the error as Kafka calls it, such as `INVALID_CONFIG`.',
  })
  kafkaError: string;
}

@ObjectType({
  implements: () => [Problem],
  description: 'No worker knows a pipeline of this name.',
})
export class PipelineNotFound extends Problem {
  @Field(() => String, { description: 'Name that was asked for.' })
  name: string;
}

@ObjectType({ implements: () => [Problem], description: 'There is no batch run of this id.' })
export class RunNotFound extends Problem {
  @Field(() => ID, { description: 'Id that was asked for.' })
  id: string;
}

@ObjectType({ implements: () => [Problem], description: 'There is no backfill of this id.' })
export class BackfillNotFound extends Problem {
  @Field(() => ID, { description: 'Id that was asked for.' })
  id: string;
}

@ObjectType({
  implements: () => [Problem],
  description: 'The thing exists, but this cannot be done to it now.',
})
export class WrongState extends Problem {}
