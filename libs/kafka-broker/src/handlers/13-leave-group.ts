import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { handler } from './handler.ts';

/**
 * LeaveGroup (key 13), versions 0 to 5.
 *
 * - Up to version 2 one member leaves and its error is the answer's; from 3 on several, each with
 *   an error of its own. An empty member id with an instance id removes a static member (KIP-345).
 */
export const leaveGroupHandler = handler({
  key: ApiKeys.LeaveGroup,
  handle(request, { broker, apiVersion }) {
    const leaving =
      apiVersion >= 3 ? request.members : [{ memberId: request.memberId, groupInstanceId: null }];
    const { error, members } = broker.groups.leave(request.groupId, leaving);
    if (apiVersion < 3) return { errorCode: error || (members[0]?.error ?? ErrorCodes.NONE) };
    return {
      errorCode: error,
      members: members.map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        errorCode: member.error,
      })),
    };
  },
});
