import { ApiKeys } from '@penstock/kafka-protocol';
import { handler } from './handler.ts';

/**
 * DeleteGroups (key 42), versions 0 to 2. Only empty groups: NON_EMPTY_GROUP 68; their offsets go
 * with them, durably, before the answer. A group named twice is answered once.
 */
export const deleteGroupsHandler = handler({
  key: ApiKeys.DeleteGroups,
  handle: async ({ groupsNames }, { broker }) => ({
    results: await Promise.all(
      [...new Set(groupsNames)].map(async (groupId) => ({
        groupId,
        errorCode: await broker.groups.delete(groupId),
      })),
    ),
  }),
});
