import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { GROUP_OPERATIONS } from './authorized-operations.ts';
import { handler } from './handler.ts';

/**
 * DescribeGroups (key 15), versions 0 to 6.
 *
 * - An unknown group is "Dead" without an error up to version 5, GROUP_ID_NOT_FOUND 69 from 6 on.
 * - Subscriptions and assignments are given for stable groups only, as they are: their bytes belong
 *   to the clients.
 * - Authorized operations, when asked for: all, as in Kafka without an authorizer.
 */
export const describeGroupsHandler = handler({
  key: ApiKeys.DescribeGroups,
  handle: (request, { broker, apiVersion }) => ({
    groups: request.groups.map((groupId) => {
      const group = broker.groups.describe(groupId);
      const isMissing = group.error !== ErrorCodes.NONE && apiVersion >= 6;
      return {
        errorCode: isMissing ? group.error : ErrorCodes.NONE,
        errorMessage: isMissing ? `Group ${groupId} not found.` : null,
        groupId,
        groupState: group.state,
        protocolType: group.protocolType,
        protocolData: group.protocolName,
        members: group.members.map((member) => ({
          memberId: member.memberId,
          groupInstanceId: member.groupInstanceId,
          clientId: member.clientId,
          clientHost: member.clientHost,
          memberMetadata: member.metadata,
          memberAssignment: member.assignment,
        })),
        ...(request.includeAuthorizedOperations &&
          !isMissing && { authorizedOperations: GROUP_OPERATIONS }),
      };
    }),
  }),
});
