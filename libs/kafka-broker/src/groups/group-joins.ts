import { ErrorCodes } from '@penstock/kafka-protocol';
import type { Clock, Logger } from '@penstock/kafka-log';
import type { ClassicGroup } from './classic-group.ts';
import { GroupMember } from './group-member.ts';
import type { GroupRegistry } from './group-registry.ts';
import {
  answerJoin,
  answerSync,
  joinError,
  NEW_MEMBER_JOIN_TIMEOUT_MS,
  syncError,
  type GroupRebalancer,
} from './group-rebalancer.ts';
import type { JoinRequest, JoinResult } from './group-results.ts';
import type { GroupSettings } from './group-settings.ts';

export interface GroupJoinsOptions {
  clock: Clock;
  logger: Logger;
  settings: GroupSettings;
  newUuid: () => string;
  groups: GroupRegistry;
  rebalancer: GroupRebalancer;
}

/** JoinGroup (Kafka: `GroupMetadataManager.classicGroupJoin`, KIP-394, KIP-345, KIP-814). */
export class GroupJoins {
  readonly #options: GroupJoinsOptions;

  constructor(options: GroupJoinsOptions) {
    this.#options = options;
  }

  /** Resolves when the group has moved on to the generation that the member is part of. */
  join(request: JoinRequest): Promise<JoinResult> {
    const { settings, groups } = this.#options;
    const { groupId, memberId, sessionTimeoutMs } = request;
    if (groupId === '') return refuse(memberId, ErrorCodes.INVALID_GROUP_ID);
    if (
      sessionTimeoutMs < settings.minSessionTimeoutMs() ||
      sessionTimeoutMs > settings.maxSessionTimeoutMs()
    ) {
      return refuse(memberId, ErrorCodes.INVALID_SESSION_TIMEOUT);
    }
    const isNew = memberId === '';
    const group = groups.get(groupId) ?? (isNew ? groups.create(groupId) : undefined);
    if (!group) return refuse(memberId, ErrorCodes.UNKNOWN_MEMBER_ID);
    if (group.state === 'Dead') return refuse(memberId, ErrorCodes.COORDINATOR_NOT_AVAILABLE);
    if (!this.#hasRoom(group, memberId)) {
      this.#options.rebalancer.dropExcessMember(group, memberId);
      return refuse('', ErrorCodes.GROUP_MAX_SIZE_REACHED);
    }
    if (!group.supportsProtocols(request.protocolType, request.protocols)) {
      return refuse(memberId, ErrorCodes.INCONSISTENT_GROUP_PROTOCOL);
    }
    return isNew ? this.#joinNew(group, request) : this.#joinExisting(group, request);
  }

  /**
   * Whether `group.max.size` lets a member in. During a rebalance only members that have rejoined
   * are counted, so that a group that is too large loses those that rejoin last.
   */
  #hasRoom(group: ClassicGroup, memberId: string): boolean {
    const maxSize = this.#options.settings.maxSize();
    const member = group.members.get(memberId);
    switch (group.state) {
      case 'Empty':
      case 'Dead':
        return true;
      case 'PreparingRebalance':
        return (member !== undefined && member.joinWaiter !== null) || group.waitingJoins < maxSize;
      case 'CompletingRebalance':
      case 'Stable':
        return member !== undefined || group.members.size < maxSize;
    }
  }

  #joinNew(group: ClassicGroup, request: JoinRequest): Promise<JoinResult> {
    const { clock, newUuid, rebalancer } = this.#options;
    const prefix = request.groupInstanceId ?? request.clientId;
    const memberId = `${prefix}-${newUuid()}`;
    if (request.groupInstanceId !== null) {
      const oldId = group.staticMemberId(request.groupInstanceId);
      const old = oldId === undefined ? undefined : group.members.get(oldId);
      return old
        ? this.#replaceStatic(group, old, memberId, request)
        : this.#addMember(group, memberId, request);
    }
    if (!request.requiresKnownMemberId) return this.#addMember(group, memberId, request);
    const expiry = clock.schedule(request.sessionTimeoutMs, () =>
      rebalancer.removePendingMember(group, memberId),
    );
    group.addPending(memberId, expiry);
    return refuse(memberId, ErrorCodes.MEMBER_ID_REQUIRED);
  }

  #joinExisting(group: ClassicGroup, request: JoinRequest): Promise<JoinResult> {
    const { memberId } = request;
    if (group.isPending(memberId)) {
      // Ids are given out to dynamic members only. Kafka fails on this with the same answer.
      return request.groupInstanceId === null
        ? this.#addMember(group, memberId, request)
        : refuse('', ErrorCodes.UNKNOWN_SERVER_ERROR);
    }
    const error = group.memberProblem(memberId, request.groupInstanceId);
    const member = group.members.get(memberId);
    if (error !== ErrorCodes.NONE || !member) return refuse(memberId, error);
    const isUnchanged = member.hasSameProtocols(request.protocols);
    switch (group.state) {
      case 'PreparingRebalance':
        return this.#updateMember(group, member, request, `${memberId} rejoined`);
      case 'CompletingRebalance':
        // The answer to its JoinGroup was lost: it gets the same one again.
        if (isUnchanged) return Promise.resolve(group.joinResult(memberId, ErrorCodes.NONE));
        return this.#updateMember(group, member, request, `${memberId} changed its metadata`);
      case 'Stable':
        if (group.leaderId === memberId) {
          return this.#updateMember(group, member, request, `leader ${memberId} rejoined`);
        }
        if (isUnchanged) return Promise.resolve(group.joinResult(memberId, ErrorCodes.NONE));
        return this.#updateMember(group, member, request, `${memberId} changed its metadata`);
      case 'Empty':
      case 'Dead':
        return refuse(memberId, ErrorCodes.UNKNOWN_MEMBER_ID);
    }
  }

  #addMember(group: ClassicGroup, memberId: string, request: JoinRequest): Promise<JoinResult> {
    const { rebalancer } = this.#options;
    const member = new GroupMember({ ...request, memberId });
    member.isNew = true;
    if (group.state === 'PreparingRebalance' && group.previousState === 'Empty') {
      group.newMemberAdded = true;
    }
    return new Promise((resolve) => {
      member.joinWaiter = resolve;
      group.add(member);
      rebalancer.restartSession(group, member, NEW_MEMBER_JOIN_TIMEOUT_MS);
      rebalancer.rebalanceOrComplete(group, withReason(`${memberId} joined`, request));
    });
  }

  #updateMember(
    group: ClassicGroup,
    member: GroupMember,
    request: JoinRequest,
    reason: string,
  ): Promise<JoinResult> {
    return new Promise((resolve) => {
      parkJoin(member, request, resolve);
      this.#options.rebalancer.rebalanceOrComplete(group, withReason(reason, request));
    });
  }

  /** A static member came back without its id: it takes its old place under a new one (KIP-345). */
  #replaceStatic(
    group: ClassicGroup,
    old: GroupMember,
    memberId: string,
    request: JoinRequest,
  ): Promise<JoinResult> {
    const { rebalancer } = this.#options;
    const leaderBefore = group.leaderId ?? '';
    answerJoin(old, joinError(old.memberId, ErrorCodes.FENCED_INSTANCE_ID));
    answerSync(old, syncError(ErrorCodes.FENCED_INSTANCE_ID));
    const member = group.replaceStatic(old, memberId);
    rebalancer.restartSession(group, member, member.sessionTimeoutMs);
    return new Promise((resolve) => {
      parkJoin(member, request, resolve);
      const reason = withReason(`static member ${memberId} took the place of another`, request);
      if (group.state === 'Stable' && group.protocolName === group.selectProtocol()) {
        void this.#storeReplacement(group, old, member, { request, leaderBefore });
      } else if (group.state === 'Stable' || group.state === 'CompletingRebalance') {
        // The leader knows the old id only, and would assign to that.
        rebalancer.prepareRebalance(group, reason);
      } else {
        rebalancer.maybeCompleteJoin(group);
      }
    });
  }

  /** Answers once the new id is durable; if it cannot be stored, the old one is valid again. */
  async #storeReplacement(
    group: ClassicGroup,
    old: GroupMember,
    member: GroupMember,
    { request, leaderBefore }: { request: JoinRequest; leaderBefore: string },
  ): Promise<void> {
    const { groups, rebalancer, logger } = this.#options;
    const { memberId } = member;
    try {
      await groups.write([{ kind: 'saveGroup', group: group.snapshot() }]);
    } catch (error) {
      logger.error({ err: error, group: group.groupId }, 'static member not stored');
      const waiter = member.joinWaiter;
      member.joinWaiter = null;
      if (group.members.get(memberId) === member && group.state === 'Stable') {
        const restored = group.replaceStatic(member, old.memberId);
        restored.protocols = old.protocols;
        restored.rebalanceTimeoutMs = old.rebalanceTimeoutMs;
        restored.sessionTimeoutMs = old.sessionTimeoutMs;
        rebalancer.restartSession(group, restored, restored.sessionTimeoutMs);
      }
      waiter?.(joinError('', ErrorCodes.COORDINATOR_NOT_AVAILABLE));
      return;
    }
    // A rebalance that began meanwhile will answer.
    if (group.state !== 'Stable' || group.members.get(memberId) !== member) return;
    const isLeader = group.leaderId === memberId;
    const result = group.joinResult(memberId, ErrorCodes.NONE);
    // Before version 9 the old leader's id is sent, so that the client does not assign anew.
    answerJoin(
      member,
      request.supportsSkippingAssignment
        ? { ...result, skipAssignment: isLeader }
        : { ...result, leaderId: leaderBefore, members: [] },
    );
  }
}

function withReason(reason: string, { reason: clientReason }: JoinRequest): string {
  return `${reason}; client reason: ${clientReason ?? 'not provided'}`;
}

function parkJoin(
  member: GroupMember,
  request: JoinRequest,
  resolve: (result: JoinResult) => void,
): void {
  // A JoinGroup that this member parked before is never answered, as in Kafka: its connection is
  // gone. If it were answered, two clients with one id would make each other rejoin for ever.
  member.protocols = request.protocols;
  member.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
  member.sessionTimeoutMs = request.sessionTimeoutMs;
  member.joinWaiter = resolve;
}

function refuse(memberId: string, error: number): Promise<JoinResult> {
  return Promise.resolve(joinError(memberId, error));
}
