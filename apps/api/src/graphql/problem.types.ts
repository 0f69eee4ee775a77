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

@ObjectType({ implements: () => [Problem] })
export class TopicNotFound extends Problem {
  @Field(() => String)
  name: string;
}

@ObjectType({ implements: () => [Problem] })
export class TopicExists extends Problem {
  @Field(() => String)
  name: string;
}

@ObjectType({
  implements: () => [Problem],
  description: 'An argument was wrong; `field` says which, `message` what is allowed.',
})
export class InvalidInput extends Problem {
  @Field(() => String)
  field: string;
}

@ObjectType({
  implements: () => [Problem],
  description: 'The broker answered with a Kafka error.',
})
export class BrokerRefused extends Problem {
  @Field(() => String)
  kafkaError: string;
}

@ObjectType({ implements: () => [Problem] })
export class PipelineNotFound extends Problem {
  @Field(() => String)
  name: string;
}

@ObjectType({ implements: () => [Problem] })
export class RunNotFound extends Problem {
  @Field(() => ID)
  id: string;
}

@ObjectType({
  implements: () => [Problem],
  description: 'The thing exists, but this cannot be done to it now.',
})
export class WrongState extends Problem {}
