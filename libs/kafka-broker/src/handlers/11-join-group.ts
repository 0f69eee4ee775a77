import { ApiKeys } from '@penstock/kafka-protocol';
import { handler } from './handler.ts';

/**
 * JoinGroup (key 11), versions 0 to 9. Semantics: groups/group-coordinator.ts.
 *
 * - Version 0 has no rebalance timeout: the session timeout serves.
 * - From version 4 on a dynamic member without id gets MEMBER_ID_REQUIRED 79 and one (KIP-394).
 * - From version 5 on static members (KIP-345); from 9 on `skipAssignment` (KIP-814).
 * - Before version 7 the protocol name cannot be null: it is empty.
 */
export const joinGroupHandler = handler({
  key: ApiKeys.JoinGroup,
  async handle(request, { broker, apiVersion, clientId, clientHost }) {
    const { rebalanceTimeoutMs, sessionTimeoutMs } = request;
    const result = await broker.groups.join({
      groupId: request.groupId,
      memberId: request.memberId,
      groupInstanceId: request.groupInstanceId,
      clientId,
      clientHost,
      protocolType: request.protocolType,
      protocols: request.protocols,
      sessionTimeoutMs,
      rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
      requiresKnownMemberId: apiVersion >= 4,
      supportsSkippingAssignment: apiVersion >= 9,
      reason: request.reason,
    });
    return {
      errorCode: result.error,
      generationId: result.generationId,
      protocolType: result.protocolType,
      protocolName: apiVersion >= 7 ? result.protocolName : (result.protocolName ?? ''),
      leader: result.leaderId,
      skipAssignment: result.skipAssignment,
      memberId: result.memberId,
      members: result.members,
    };
  },
});
