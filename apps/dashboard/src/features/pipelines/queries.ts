import { queryOptions } from '@tanstack/react-query';
import { PipelinesDocument, type PipelinesQuery } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';

export type Pipeline = PipelinesQuery['pipelines'][number];

export const pipelinesQuery = queryOptions({
  queryKey: ['pipelines'],
  queryFn: ({ signal }) => request(PipelinesDocument, {}, signal).then((data) => data.pipelines),
});
