import { Args, Query, Resolver } from '@nestjs/graphql';
import { HISTORY_POINTS_MAX, HISTORY_SERIES_MAX, HistoryService } from '@penstock/control-plane';
import { GraphQLError } from 'graphql';
import { History, HistoryInput } from './history.types.ts';

@Resolver()
export class HistoryResolver {
  readonly #service: HistoryService;

  constructor(service: HistoryService) {
    this.#service = service;
  }

  @Query(() => History, {
    description: 'Past samples, at most `maxPoints` per series; the tier is chosen by the range.',
  })
  history(
    @Args('input', { type: () => HistoryInput, description: 'Which samples.' }) input: HistoryInput,
  ) {
    if (input.series.length > HISTORY_SERIES_MAX) {
      throw badInput(
        `${input.series.length} series were asked for; allowed at once are ${HISTORY_SERIES_MAX}.`,
      );
    }
    const points = input.maxPoints ?? 1;
    if (points < 1 || points > HISTORY_POINTS_MAX) {
      throw badInput(`maxPoints=${points} cannot be used: allowed is 1 to ${HISTORY_POINTS_MAX}.`);
    }
    return this.#service.query(input);
  }
}

function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}
