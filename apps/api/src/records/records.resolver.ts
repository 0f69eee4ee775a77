import {
  Args,
  Int,
  Mutation,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import {
  RecordsService,
  type ShownBytes,
  type TailFrame as TailFrameView,
  TailsService,
  textOf,
} from '@penstock/control-plane';
import { problemError } from '../graphql/graphql-error.ts';
import { rooted } from '../graphql/rooted.ts';
import {
  ProduceRecordInput,
  ProduceRecordResult,
  RecordData,
  RecordsInput,
  RecordsResult,
  TailFrame,
} from './record.types.ts';

@Resolver()
export class RecordsResolver {
  readonly #service: RecordsService;
  readonly #tails: TailsService;

  constructor(service: RecordsService, tails: TailsService) {
    this.#service = service;
    this.#tails = tails;
  }

  @Query(() => RecordsResult, {
    description:
      'Records of one topic; from the newest when neither offset nor time is given. Commits nothing.',
  })
  records(
    @Args('input', { type: () => RecordsInput, description: 'Which records.' }) input: RecordsInput,
  ) {
    return this.#service.browse(input);
  }

  @Mutation(() => ProduceRecordResult, {
    description: 'Sends one record to a topic that exists, acknowledged by all in-sync replicas.',
  })
  produceRecord(
    @Args('input', { type: () => ProduceRecordInput, description: 'What to send.' })
    input: ProduceRecordInput,
  ) {
    return this.#service.produce(input);
  }

  @Subscription(() => TailFrame, {
    description:
      'New records of a topic as they arrive, rate-capped; `skipped` says how many were left out.',
  })
  async tail(
    @Args('topic', { type: () => String, description: 'Name of the topic.' }) topic: string,
    @Args('partition', {
      type: () => Int,
      nullable: true,
      description: 'Only this partition; all of them when absent.',
    })
    partition: number | null,
  ): Promise<AsyncIterableIterator<{ tail: TailFrameView }>> {
    const outcome = await this.#tails.open(topic, partition ?? null);
    if (outcome.kind !== 'tail') {
      throw problemError(outcome);
    }
    return rooted('tail', outcome.frames);
  }
}

@Resolver(() => RecordData)
export class RecordDataResolver {
  @ResolveField(() => String, { nullable: true })
  text(@Parent() data: ShownBytes): string | null {
    return textOf(data);
  }

  @ResolveField(() => String, { nullable: true })
  base64(@Parent() data: ShownBytes): string {
    return data.bytes.toString('base64');
  }
}
