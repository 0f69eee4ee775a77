import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { handler } from './handler.ts';

/** ListPartitionReassignments (key 46), version 0. One node moves nothing: always empty. */
export const listPartitionReassignmentsHandler = handler({
  key: ApiKeys.ListPartitionReassignments,
  handle: () => ({ errorCode: ErrorCodes.NONE, errorMessage: null, topics: [] }),
});
