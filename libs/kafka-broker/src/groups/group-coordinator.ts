import { ErrorCodes } from '@penstock/kafka-protocol';
import type { Clock, Logger } from '@penstock/kafka-log';
import type { GroupChange, StoredGroup, StoredOffset } from '../metadata/metadata-store.ts';
import { ClassicGroup } from './classic-group.ts';
import { GroupJoins } from './group-joins.ts';
import { EMPTY, type GroupMember } from './group-member.ts';
import { GroupOffsets } from './group-offsets.ts';
import {
  answerJoin,
  answerSync,
  GroupRebalancer,
  joinError,
  syncError,
} from './group-rebalancer.ts';
import { GroupRegistry } from './group-registry.ts';
import type { GroupSettings } from './group-settings.ts';
import type {
  GroupDescription,
  GroupListing,
  JoinRequest,
  JoinResult,
  LeaveResult,
  LeavingMember,
  SyncRequest,
  SyncResult,
} from './group-results.ts';

export interface GroupCoordinatorOptions {
  clock: Clock;
  /** Wall clock in ms, as far as it is believed. */
  steadyNow: () => number;
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
  readonly #groups: GroupRegistry;
  readonly #rebalancer: GroupRebalancer;
  readonly #joins: GroupJoins;
  #isClosed = false;

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options;
    const groups = new GroupRegistry(options);
    this.#groups = groups;
    this.#rebalancer = new GroupRebalancer({
      clock: options.clock,
      logger: options.logger,
      initialRebalanceDelayMs: options.settings.initialRebalanceDelayMs,
      onGroupChanged: (group) => groups.saveSoon(group),
    });
    this.#joins = new GroupJoins({ ...options, groups, rebalancer: this.#rebalancer });
    this.offsets = new GroupOffsets({
      ...options,
      groups,
      restartSession: (group, member) =>
        this.#rebalancer.restartSession(group, member, member.sessionTimeoutMs),
    });
  }

  /** Loads what a previous process persisted; every member gets a fresh session. */
  restore(groups: readonly StoredGroup[], offsets: readonly StoredOffset[]): void {
    const { clock, settings } = this.#options;
    const now = clock.now();
    for (const stored of groups) {
      const group = ClassicGroup.restore(stored, now);
      this.#groups.add(group);
      for (const member of group.members.values()) {
        this.#rebalancer.restartSession(group, member, member.sessionTimeoutMs);
      }
      if (group.members.size > settings.maxSize()) {
        const size = `${group.members.size} members, more than group.max.size`;
        this.#rebalancer.prepareRebalance(group, `loaded with ${size}`);
      }
    }
    this.offsets.restore(offsets);
  }

  /**
   * Called when the broker stops. Parked requests get NOT_COORDINATOR, so their clients look for
   * another coordinator; later joins, syncs and heartbeats get COORDINATOR_NOT_AVAILABLE and are
   * tried again. Commits are accepted until the last connection has ended.
   */
  close(): void {
    this.#isClosed = true;
    for (const group of this.#groups.all()) {
      group.joinTimer?.cancel();
      group.syncTimer?.cancel();
      for (const member of group.members.values()) {
        member.sessionTimer?.cancel();
        answerJoin(member, joinError(member.memberId, ErrorCodes.NOT_COORDINATOR));
        answerSync(member, syncError(ErrorCodes.NOT_COORDINATOR));
      }
    }
  }

  join(request: JoinRequest): Promise<JoinResult> {
    if (this.#isClosed) {
      const error = ErrorCodes.COORDINATOR_NOT_AVAILABLE;
      return Promise.resolve(joinError(request.memberId, error));
    }
    return this.#joins.join(request);
  }

  async sync(request: SyncRequest): Promise<SyncResult> {
    if (this.#isClosed) return syncError(ErrorCodes.COORDINATOR_NOT_AVAILABLE);
    if (request.groupId === '') return syncError(ErrorCodes.INVALID_GROUP_ID);
    const group = this.#groups.get(request.groupId);
    if (!group) return syncError(ErrorCodes.UNKNOWN_MEMBER_ID);
    if (group.state === 'Dead') return syncError(ErrorCodes.COORDINATOR_NOT_AVAILABLE);
    const error = group.memberProblem(request.memberId, request.groupInstanceId);
    const member = group.members.get(request.memberId);
    if (error !== ErrorCodes.NONE || !member) return syncError(error);
    if (request.generationId !== group.generationId) {
      return syncError(ErrorCodes.ILLEGAL_GENERATION);
    }
    if (
      (request.protocolType !== null && request.protocolType !== group.protocolType) ||
      (request.protocolName !== null && request.protocolName !== group.protocolName)
    ) {
      return syncError(ErrorCodes.INCONSISTENT_GROUP_PROTOCOL);
    }
    switch (group.state) {
      case 'Empty':
        return syncError(ErrorCodes.UNKNOWN_MEMBER_ID);
      case 'PreparingRebalance':
        return syncError(ErrorCodes.REBALANCE_IN_PROGRESS);
      case 'CompletingRebalance':
        return this.#parkSync(group, member, request);
      case 'Stable':
        this.#rebalancer.receivedSync(group, member);
        return this.#rebalancer.currentAssignment(group, member);
    }
  }

  #parkSync(group: ClassicGroup, member: GroupMember, request: SyncRequest): Promise<SyncResult> {
    this.#rebalancer.receivedSync(group, member);
    return new Promise((resolve) => {
      // A SyncGroup that was parked before is never answered: its connection is gone.
      member.syncWaiter = resolve;
      if (member.memberId === group.leaderId) this.#storeAssignments(group, request);
    });
  }

  /**
   * Answers the assignment once it is durable. If the group has moved on meanwhile, the parked
   * SyncGroups were answered then, and this outcome is ignored.
   */
  #storeAssignments(group: ClassicGroup, request: SyncRequest): void {
    const { generationId } = group;
    const snapshot = group.snapshot();
    const members = snapshot.members.map((member) => ({
      ...member,
      assignment: request.assignments.get(member.memberId) ?? EMPTY,
    }));
    this.#groups.write([{ kind: 'saveGroup', group: { ...snapshot, members } }]).then(
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
    if (this.#isClosed) return ErrorCodes.COORDINATOR_NOT_AVAILABLE;
    if (request.groupId === '') return ErrorCodes.INVALID_GROUP_ID;
    const group = this.#groups.get(request.groupId);
    if (!group) return ErrorCodes.UNKNOWN_MEMBER_ID;
    if (group.state === 'Dead') return ErrorCodes.COORDINATOR_NOT_AVAILABLE;
    const error = group.memberProblem(request.memberId, request.groupInstanceId);
    const member = group.members.get(request.memberId);
    if (error !== ErrorCodes.NONE || !member) return error;
    if (request.generationId !== group.generationId) return ErrorCodes.ILLEGAL_GENERATION;
    if (group.state === 'Empty') return ErrorCodes.UNKNOWN_MEMBER_ID;
    this.#rebalancer.restartSession(group, member, member.sessionTimeoutMs);
    return group.state === 'PreparingRebalance'
      ? ErrorCodes.REBALANCE_IN_PROGRESS
      : ErrorCodes.NONE;
  }

  /** Removes members; each gets an error of its own unless the group cannot be asked at all. */
  leave(groupId: string, leaving: readonly LeavingMember[]): LeaveResult {
    if (groupId === '') return { error: ErrorCodes.INVALID_GROUP_ID, members: [] };
    const group = this.#groups.get(groupId);
    if (group?.state === 'Dead') {
      return { error: ErrorCodes.COORDINATOR_NOT_AVAILABLE, members: [] };
    }
    const members = leaving.map((member) => ({
      ...member,
      error: group ? this.#leaveOne(group, member) : ErrorCodes.UNKNOWN_MEMBER_ID,
    }));
    const left = members.filter(({ error }) => error === ErrorCodes.NONE);
    if (group && left.length > 0) {
      const names = left.map(({ memberId, groupInstanceId }) => memberId || groupInstanceId);
      this.#rebalancer.afterRemoval(group, `${names.join(', ')} left`);
    }
    return { error: ErrorCodes.NONE, members };
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
    this.#options.logger.info(
      { group: group.groupId, member: memberId, reason: leaving.reason ?? 'not provided' },
      'member left',
    );
    this.#rebalancer.dropMember(group, member);
    return ErrorCodes.NONE;
  }

  describe(groupId: string): GroupDescription {
    const group = this.#groups.get(groupId);
    if (!group || group.state === 'Dead') {
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
        // Also while the group rebalances: the one of the last generation.
        assignment: member.assignment,
      })),
    };
  }

  list(): GroupListing[] {
    return this.#groups.all().map((group) => ({
      groupId: group.groupId,
      protocolType: group.protocolType,
      state: group.state,
    }));
  }

  /** Deletes an empty group with its offsets; resolves to an error code once that is durable. */
  async delete(groupId: string): Promise<number> {
    const group = this.#groups.get(groupId);
    if (!group || group.state === 'Dead') return ErrorCodes.GROUP_ID_NOT_FOUND;
    if (group.state !== 'Empty') return ErrorCodes.NON_EMPTY_GROUP;
    try {
      await this.#groups.delete([group]);
    } catch (error) {
      this.#options.logger.error({ err: error, group: groupId }, 'group not deleted');
      return ErrorCodes.COORDINATOR_NOT_AVAILABLE;
    }
    this.offsets.forgetGroup(groupId);
    return ErrorCodes.NONE;
  }
}
