import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { handler } from './handler.ts';

/**
 * LeaveGroup (key 13), versions 0 to 5.
 *
 * - Up to version 2 one member leaves and its error is the answer's; from 3 on several, each with an
 *   error of its own. An empty member id with an instance id removes a static member (KIP-345).
 */
export const leaveGroupHandler = handler({
  key: ApiKeys.LeaveGroup,
  handle(request, { broker, apiVersion }) {
    if (request.groupId === '') return { errorCode: ErrorCodes.INVALID_GROUP_ID };
    const leaving =
      apiVersion >= 3 ? request.members : [{ memberId: request.memberId, groupInstanceId: null }];
    const left = broker.groups.leave(request.groupId, leaving);
    return {
      errorCode: apiVersion >= 3 ? ErrorCodes.NONE : (left[0]?.error ?? ErrorCodes.NONE),
      members: left.map(({ memberId, groupInstanceId, error }) => ({
        memberId,
        groupInstanceId,
        errorCode: error,
      })),
    };
  },
});
