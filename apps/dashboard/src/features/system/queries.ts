import { queryOptions } from '@tanstack/react-query';
import { SystemDocument } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';

export const systemQuery = queryOptions({
  queryKey: ['system'],
  queryFn: ({ signal }) => request(SystemDocument, {}, signal).then((data) => data.system),
});
