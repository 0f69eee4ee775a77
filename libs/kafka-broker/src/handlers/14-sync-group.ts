import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { handler } from './handler.ts';

/**
 * SyncGroup (key 14), versions 0 to 5. Semantics: groups/group-coordinator.ts.
 *
 * - Followers are answered once the leader's assignment is durable.
 * - From version 5 on protocol type and name must be given and match the group's
 *   (INCONSISTENT_GROUP_PROTOCOL 23).
 */
export const syncGroupHandler = handler({
  key: ApiKeys.SyncGroup,
  async handle(request, { broker, apiVersion }) {
    const isIncomplete = request.protocolType === null || request.protocolName === null;
    if (apiVersion >= 5 && isIncomplete) {
      return { errorCode: ErrorCodes.INCONSISTENT_GROUP_PROTOCOL, assignment: Buffer.alloc(0) };
    }
    const result = await broker.groups.sync({
      ...request,
      assignments: new Map(
        request.assignments.map(({ memberId, assignment }) => [memberId, assignment]),
      ),
    });
    return {
      errorCode: result.error,
      protocolType: result.protocolType,
      protocolName: result.protocolName,
      assignment: result.assignment,
    };
  },
});
