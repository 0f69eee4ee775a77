import { queryOptions } from '@tanstack/react-query';
import {
  PipelinesDocument,
  PipelinesProblemDocument,
  type PipelinesQuery,
} from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';

export type Pipeline = PipelinesQuery['pipelines'][number];

export const pipelinesQuery = queryOptions({
  queryKey: ['pipelines'],
  queryFn: ({ signal }) => request(PipelinesDocument, {}, signal).then((data) => data.pipelines),
});

export const pipelinesProblemQuery = queryOptions({
  queryKey: ['pipelines-problem'],
  queryFn: ({ signal }) =>
    request(PipelinesProblemDocument, {}, signal).then((data) => data.pipelinesProblem),
});
