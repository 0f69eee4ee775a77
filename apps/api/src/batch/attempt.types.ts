import { Field, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { Timestamp } from '../graphql/scalars.ts';

export const AttemptOutcome = {
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
} as const;
registerEnumType(AttemptOutcome, {
  name: 'AttemptOutcome',
  description: 'How an attempt ended.',
  valuesMap: {
    SUCCEEDED: { description: 'The run succeeded with it.' },
    FAILED: { description: 'It ended with an error.' },
    CANCELLED: { description: 'The run was cancelled meanwhile.' },
  },
});

export const LogLevel = { INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
registerEnumType(LogLevel, {
  name: 'LogLevel',
  description: 'How much a log line matters.',
  valuesMap: {
    INFO: { description: 'What was done.' },
    WARN: { description: 'What is in the way, or is not as it should be.' },
    ERROR: { description: 'Why something failed.' },
  },
});

@ObjectType({ description: 'One try at a run.' })
export class BatchAttempt {
  @Field(() => Int, { description: 'From 1.' })
  number: number;

  @Field(() => Int, { description: 'Generation of the run that it belongs to.' })
  generation: number;

  @Field(() => Timestamp, { description: 'When it began.' })
  startedAt: number;

  @Field(() => Timestamp, { nullable: true, description: 'When it ended; null while it lasts.' })
  finishedAt: number | null;

  @Field(() => AttemptOutcome, { nullable: true, description: 'How; null while it lasts.' })
  outcome: (typeof AttemptOutcome)[keyof typeof AttemptOutcome] | null;

  @Field(() => String, { nullable: true, description: 'Why it failed; null when it did not.' })
  error: string | null;
}

@ObjectType({ description: 'What an attempt said at one moment.' })
export class LogLine {
  @Field(() => Timestamp, { description: 'When.' })
  at: number;

  @Field(() => LogLevel, { description: 'How much it matters.' })
  level: (typeof LogLevel)[keyof typeof LogLevel];

  @Field(() => String, { description: 'The words.' })
  text: string;
}

@ObjectType({ description: 'The newest lines that an attempt said, at most 1,000.' })
export class AttemptLog {
  @Field(() => Int, { description: 'Number of the attempt, from 1.' })
  attempt: number;

  @Field(() => String, { description: 'Path on this server that downloads it as text.' })
  url: string;
}
