import { Args, Query, Resolver } from '@nestjs/graphql';
import { HISTORY_SERIES_MAX, HistoryService } from '@penstock/control-plane';
import { GraphQLError } from 'graphql';
import { History, HistoryInput } from './history.types.ts';

@Resolver()
export class HistoryResolver {
  constructor(private readonly service: HistoryService) {}

  @Query(() => History, {
    description: 'Past samples, at most `maxPoints` per series; the tier is chosen by the range.',
  })
  history(@Args('input', { type: () => HistoryInput }) input: HistoryInput) {
    if (input.series.length > HISTORY_SERIES_MAX) {
      throw new GraphQLError(`At most ${HISTORY_SERIES_MAX} series can be asked for at once.`, {
        extensions: { code: 'BAD_USER_INPUT' },
      });
    }
    return this.service.query(input);
  }
}
