import { ErrorCodes } from '@penstock/kafka-protocol';
import type { Clock } from '@penstock/kafka-log';
import type { Logger } from '@penstock/kafka-log';
import type { GroupChange, StoredGroup, StoredOffset } from '../metadata/metadata-store.ts';
import { ClassicGroup } from './classic-group.ts';
import { GroupMember } from './group-member.ts';
import { GroupOffsets } from './group-offsets.ts';
import { answerJoin, answerSync, GroupRebalancer, syncError } from './group-rebalancer.ts';
import { NEW_MEMBER_JOIN_TIMEOUT_MS } from './group-rebalancer.ts';
import type { GroupSettings } from './group-settings.ts';
import type {
  GroupDescription,
  GroupListing,
  JoinRequest,
  JoinResult,
  LeavingMember,
  LeftMember,
  SyncRequest,
  SyncResult,
} from './group-results.ts';

export interface GroupCoordinatorOptions {
  clock: Clock;
  logger: Logger;
  settings: GroupSettings;
  newUuid: () => string;
  /** Makes changes durable, in order; resolves when they are. */
  write: (changes: GroupChange[]) => Promise<void>;
}

/**
 * Coordinates classic consumer groups as Apache Kafka does (`GroupMetadataManager`, KIP-394,
 * KIP-345, KIP-814). Joins and syncs park until the group moves on; all other calls answer at once.
 */
export class GroupCoordinator {
  readonly offsets: GroupOffsets;
  readonly #options: GroupCoordinatorOptions;
  readonly #groups = new Map<string, ClassicGroup>();
  readonly #rebalancer: GroupRebalancer;

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options;
    this.#rebalancer = new GroupRebalancer({
      clock: options.clock,
      logger: options.logger,
      initialRebalanceDelayMs: options.settings.initialRebalanceDelayMs,
      onGroupChanged: (group) => this.#persist(group),
    });
    this.offsets = new GroupOffsets({
      ...options,
      groups: this.#groups,
      restartSession: (group, member) =>
        this.#rebalancer.restartSession(group, member, member.sessionTimeoutMs),
    });
  }

  /** Loads what a previous process persisted; every member gets a fresh session. */
  restore(groups: readonly StoredGroup[], offsets: readonly StoredOffset[]): void {
    const now = this.#options.clock.now();
    for (const stored of groups) {
      const group = ClassicGroup.restore(stored, now);
      this.#groups.set(group.groupId, group);
      for (const member of group.members.values()) {
        this.#rebalancer.restartSession(group, member, member.sessionTimeoutMs);
      }
    }
    this.offsets.restore(offsets);
  }

  /** Cancels every timer; parked requests stay unanswered, their connections are closing. */
  close(): void {
    for (const group of this.#groups.values()) {
      group.joinTimer?.cancel();
      group.syncTimer?.cancel();
      for (const member of group.members.values()) member.sessionTimer?.cancel();
    }
  }

  join(request: JoinRequest): Promise<JoinResult> {
    const { settings, clock } = this.#options;
    if (request.groupId === '') return refuseJoin(request, ErrorCodes.INVALID_GROUP_ID);
    if (
      request.sessionTimeoutMs < settings.minSessionTimeoutMs() ||
      request.sessionTimeoutMs > settings.maxSessionTimeoutMs()
    ) {
      return refuseJoin(request, ErrorCodes.INVALID_SESSION_TIMEOUT);
    }
    let group = this.#groups.get(request.groupId);
    if (!group) {
      if (request.memberId !== '') return refuseJoin(request, ErrorCodes.UNKNOWN_MEMBER_ID);
      group = new ClassicGroup(request.groupId, clock.now());
    }
    if (!group.supportsProtocols(request.protocolType, request.protocols)) {
      return refuseJoin(request, ErrorCodes.INCONSISTENT_GROUP_PROTOCOL);
    }
    const isKnown = group.members.has(request.memberId) || group.isPending(request.memberId);
    if (!isKnown && group.members.size + group.pendingCount >= settings.maxSize()) {
      return refuseJoin(request, ErrorCodes.GROUP_MAX_SIZE_REACHED);
    }
    this.#groups.set(request.groupId, group);
    return request.memberId === ''
      ? this.#joinNew(group, request)
      : this.#joinExisting(group, request);
  }

  #joinNew(group: ClassicGroup, request: JoinRequest): Promise<JoinResult> {
    const prefix = request.groupInstanceId ?? request.clientId;
    const memberId = `${prefix}-${this.#options.newUuid()}`;
    if (request.groupInstanceId !== null) {
      const oldId = group.staticMemberId(request.groupInstanceId);
      const old = oldId === undefined ? undefined : group.members.get(oldId);
      return old
        ? this.#replaceStatic(group, old, memberId, request)
        : this.#addMember(group, memberId, request);
    }
    if (!request.requiresKnownMemberId) return this.#addMember(group, memberId, request);
    const expiry = this.#options.clock.schedule(request.sessionTimeoutMs, () =>
      this.#rebalancer.removePendingMember(group, memberId),
    );
    group.addPending(memberId, expiry);
    return refuseJoin({ ...request, memberId }, ErrorCodes.MEMBER_ID_REQUIRED);
  }

  #joinExisting(group: ClassicGroup, request: JoinRequest): Promise<JoinResult> {
    const { memberId } = request;
    if (group.isPending(memberId) && request.groupInstanceId === null) {
      return this.#addMember(group, memberId, request);
    }
    const error = group.memberProblem(memberId, request.groupInstanceId);
    const member = group.members.get(memberId);
    if (error !== ErrorCodes.NONE || !member) return refuseJoin(request, error);
    const isUnchanged = member.hasSameProtocols(request.protocols);
    switch (group.state) {
      case 'PreparingRebalance':
        return this.#updateMember(group, member, request, 'member rejoined');
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
        return refuseJoin({ ...request, memberId: '' }, ErrorCodes.UNKNOWN_MEMBER_ID);
    }
  }

  #addMember(group: ClassicGroup, memberId: string, request: JoinRequest): Promise<JoinResult> {
    const member = new GroupMember({ ...request, memberId });
    member.isNew = true;
    if (group.state === 'PreparingRebalance' && group.generationId === 0) {
      group.newMemberAdded = true;
    }
    return new Promise((resolve) => {
      member.joinWaiter = resolve;
      group.add(member);
      this.#rebalancer.restartSession(group, member, NEW_MEMBER_JOIN_TIMEOUT_MS);
      this.#rebalancer.rebalanceOrComplete(group, `${memberId} joined`);
    });
  }

  #updateMember(
    group: ClassicGroup,
    member: GroupMember,
    request: JoinRequest,
    reason: string,
  ): Promise<JoinResult> {
    return new Promise((resolve) => {
      parkJoin(group, member, request, resolve);
      this.#rebalancer.rebalanceOrComplete(group, reason);
    });
  }

  /** A static member came back without its id: it takes its old place under a new one (KIP-345). */
  #replaceStatic(
    group: ClassicGroup,
    old: GroupMember,
    memberId: string,
    request: JoinRequest,
  ): Promise<JoinResult> {
    const leaderBefore = group.leaderId ?? '';
    answerJoin(old, group.joinResult(old.memberId, ErrorCodes.FENCED_INSTANCE_ID));
    answerSync(old, syncError(ErrorCodes.FENCED_INSTANCE_ID));
    const member = group.replaceStatic(old, memberId);
    this.#rebalancer.restartSession(group, member, request.sessionTimeoutMs);
    return new Promise((resolve) => {
      const protocolBefore = group.protocolName;
      parkJoin(group, member, request, resolve);
      if (group.state === 'Stable' && protocolBefore === group.selectProtocol()) {
        member.joinWaiter = null;
        this.#persist(group);
        const isLeader = group.leaderId === memberId;
        const result = group.joinResult(memberId, ErrorCodes.NONE);
        // Before version 9 the old leader's id is sent, so that the client does not assign anew.
        resolve(
          request.supportsSkippingAssignment
            ? { ...result, skipAssignment: isLeader }
            : { ...result, leaderId: leaderBefore, members: [] },
        );
        return;
      }
      this.#rebalancer.rebalanceOrComplete(group, `static member ${memberId} changed`);
    });
  }

  async sync(request: SyncRequest): Promise<SyncResult> {
    if (request.groupId === '') return syncError(ErrorCodes.INVALID_GROUP_ID);
    const group = this.#groups.get(request.groupId);
    if (!group) return syncError(ErrorCodes.UNKNOWN_MEMBER_ID);
    const error = group.memberProblem(request.memberId, request.groupInstanceId);
    const member = group.members.get(request.memberId);
    if (error !== ErrorCodes.NONE || !member) return syncError(error);
    if (request.generationId !== group.generationId)
      return syncError(ErrorCodes.ILLEGAL_GENERATION);
    if (
      (request.protocolType !== null && request.protocolType !== group.protocolType) ||
      (request.protocolName !== null && request.protocolName !== group.protocolName)
    ) {
      return syncError(ErrorCodes.INCONSISTENT_GROUP_PROTOCOL);
    }
    switch (group.state) {
      case 'Empty':
      case 'Dead':
        return syncError(ErrorCodes.UNKNOWN_MEMBER_ID);
      case 'PreparingRebalance':
        return syncError(ErrorCodes.REBALANCE_IN_PROGRESS);
      case 'CompletingRebalance':
        return this.#parkSync(group, member, request);
      case 'Stable':
        group.pendingSyncs.delete(request.memberId);
        return this.#rebalancer.currentAssignment(group, member);
    }
  }

  #parkSync(group: ClassicGroup, member: GroupMember, request: SyncRequest): Promise<SyncResult> {
    group.pendingSyncs.delete(member.memberId);
    return new Promise((resolve) => {
      answerSync(member, syncError(ErrorCodes.REBALANCE_IN_PROGRESS));
      member.syncWaiter = resolve;
      if (member.memberId === group.leaderId) this.#storeAssignments(group, request);
    });
  }

  /**
   * The assignment is answered once it is durable. Meanwhile the group may have moved on: then the
   * parked syncs were answered by that move, and this outcome is of no interest any more.
   */
  #storeAssignments(group: ClassicGroup, request: SyncRequest): void {
    const { generationId } = group;
    const snapshot = group.snapshot();
    const members = snapshot.members.map((member) => ({
      ...member,
      assignment: request.assignments.get(member.memberId) ?? member.assignment.subarray(0, 0),
    }));
    this.#options.write([{ kind: 'saveGroup', group: { ...snapshot, members } }]).then(
      () => {
        if (group.state !== 'CompletingRebalance' || group.generationId !== generationId) return;
        this.#rebalancer.propagateAssignments(group, request.assignments);
      },
      (error: unknown) => {
        this.#options.logger.error({ err: error, group: group.groupId }, 'assignment not stored');
        if (group.state !== 'CompletingRebalance' || group.generationId !== generationId) return;
        this.#rebalancer.resetAssignments(group, ErrorCodes.COORDINATOR_NOT_AVAILABLE);
        this.#rebalancer.prepareRebalance(group, 'the assignment could not be stored');
      },
    );
  }

  heartbeat(request: {
    groupId: string;
    generationId: number;
    memberId: string;
    groupInstanceId: string | null;
  }): number {
    if (request.groupId === '') return ErrorCodes.INVALID_GROUP_ID;
    const group = this.#groups.get(request.groupId);
    if (!group) return ErrorCodes.UNKNOWN_MEMBER_ID;
    const error = group.memberProblem(request.memberId, request.groupInstanceId);
    const member = group.members.get(request.memberId);
    if (error !== ErrorCodes.NONE || !member) return error;
    if (request.generationId !== group.generationId) return ErrorCodes.ILLEGAL_GENERATION;
    if (group.state === 'Empty' || group.state === 'Dead') return ErrorCodes.UNKNOWN_MEMBER_ID;
    this.#rebalancer.restartSession(group, member, member.sessionTimeoutMs);
    return group.state === 'PreparingRebalance'
      ? ErrorCodes.REBALANCE_IN_PROGRESS
      : ErrorCodes.NONE;
  }

  leave(groupId: string, leaving: readonly LeavingMember[]): LeftMember[] {
    const group = this.#groups.get(groupId);
    const left = leaving.map((member) => ({
      ...member,
      error: group ? this.#leaveOne(group, member) : ErrorCodes.UNKNOWN_MEMBER_ID,
    }));
    if (group && left.some((member) => member.error === ErrorCodes.NONE)) {
      if (group.state === 'Stable' || group.state === 'CompletingRebalance') {
        this.#rebalancer.prepareRebalance(group, 'members left');
      } else {
        this.#rebalancer.maybeCompleteJoin(group);
      }
    }
    return left;
  }

  #leaveOne(group: ClassicGroup, leaving: LeavingMember): number {
    let { memberId } = leaving;
    if (memberId === '') {
      // Removal by an administrator names the instance alone (KIP-345).
      memberId = group.staticMemberId(leaving.groupInstanceId ?? '') ?? '';
    } else if (group.isPending(memberId)) {
      group.removePending(memberId);
      return ErrorCodes.NONE;
    }
    const error = group.memberProblem(memberId, leaving.groupInstanceId);
    const member = group.members.get(memberId);
    if (error !== ErrorCodes.NONE || !member) return error;
    this.#rebalancer.dropMember(group, member);
    return ErrorCodes.NONE;
  }

  describe(groupId: string): GroupDescription {
    const group = this.#groups.get(groupId);
    if (!group) {
      const nothing = { protocolType: '', protocolName: '', members: [] };
      return { error: ErrorCodes.GROUP_ID_NOT_FOUND, groupId, state: 'Dead', ...nothing };
    }
    const protocolName = group.state === 'Stable' ? (group.protocolName ?? '') : '';
    return {
      error: ErrorCodes.NONE,
      groupId,
      state: group.state,
      protocolType: group.protocolType,
      protocolName,
      members: [...group.members.values()].map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        metadata: member.metadataFor(protocolName),
        assignment: group.state === 'Stable' ? member.assignment : Buffer.alloc(0),
      })),
    };
  }

  list(): GroupListing[] {
    return [...this.#groups.values()].map((group) => ({
      groupId: group.groupId,
      protocolType: group.protocolType,
      state: group.state,
    }));
  }

  /** Deletes an empty group with its offsets; resolves to an error code once that is durable. */
  async delete(groupId: string): Promise<number> {
    if (groupId === '') return ErrorCodes.INVALID_GROUP_ID;
    const group = this.#groups.get(groupId);
    if (!group || group.state === 'Dead') return ErrorCodes.GROUP_ID_NOT_FOUND;
    if (group.state !== 'Empty') return ErrorCodes.NON_EMPTY_GROUP;
    group.transitionTo('Dead', this.#options.clock.now());
    this.#groups.delete(groupId);
    this.offsets.forgetGroup(groupId);
    await this.#options.write([{ kind: 'deleteGroup', groupId }]);
    return ErrorCodes.NONE;
  }

  #persist(group: ClassicGroup): void {
    this.#options
      .write([{ kind: 'saveGroup', group: group.snapshot() }])
      .catch((error: unknown) =>
        this.#options.logger.error({ err: error, group: group.groupId }, 'group not stored'),
      );
  }
}

function parkJoin(
  group: ClassicGroup,
  member: GroupMember,
  request: JoinRequest,
  resolve: (result: JoinResult) => void,
): void {
  // A second JoinGroup of the same member: the first connection is gone or will ask again.
  answerJoin(member, group.joinResult(member.memberId, ErrorCodes.REBALANCE_IN_PROGRESS));
  member.protocols = request.protocols;
  member.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
  member.sessionTimeoutMs = request.sessionTimeoutMs;
  member.joinWaiter = resolve;
}

function refuseJoin(request: JoinRequest, error: number): Promise<JoinResult> {
  return Promise.resolve({
    error,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leaderId: '',
    memberId: request.memberId,
    skipAssignment: false,
    members: [],
  });
}
