import { ErrorCodes } from '@penstock/kafka-protocol';
import type { Clock } from '@penstock/kafka-log';
import type { Logger } from '@penstock/kafka-log';
import type { ClassicGroup } from './classic-group.ts';
import { EMPTY, type GroupMember } from './group-member.ts';
import type { JoinResult, SyncResult } from './group-results.ts';

export interface RebalancerOptions {
  clock: Clock;
  logger: Logger;
  /** `group.initial.rebalance.delay.ms`, read at every use. */
  initialRebalanceDelayMs: () => number;
  /** Called when a group that is persisted must be written again. */
  onGroupChanged: (group: ClassicGroup) => void;
}

/**
 * A new member that never fetches its JoinGroup's answer is given up after this long (Kafka: 5
 * min).
 */
export const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60_000;

/**
 * Moves a group from one generation to the next (Kafka: the rebalance half of
 * `GroupMetadataManager`'s classic groups). Everything here runs to completion in one turn of the
 * event loop, so that a group is never seen between two states.
 */
export class GroupRebalancer {
  readonly #options: RebalancerOptions;

  constructor(options: RebalancerOptions) {
    this.#options = options;
  }

  /** After a member was added, changed or removed: starts a rebalance or tries to finish one. */
  rebalanceOrComplete(group: ClassicGroup, reason: string): void {
    if (group.canRebalance) this.prepareRebalance(group, reason);
    else this.maybeCompleteJoin(group);
  }

  prepareRebalance(group: ClassicGroup, reason: string): void {
    if (group.state === 'CompletingRebalance') {
      this.resetAssignments(group, ErrorCodes.REBALANCE_IN_PROGRESS);
    }
    group.pendingSyncs.clear();
    group.syncTimer?.cancel();
    group.syncTimer = null;
    const isInitial = group.state === 'Empty';
    group.transitionTo('PreparingRebalance', this.#options.clock.now());
    this.#options.logger.info(
      { group: group.groupId, generation: group.generationId, reason },
      'rebalance started',
    );
    if (isInitial) {
      const delayMs = this.#options.initialRebalanceDelayMs();
      this.#scheduleInitialJoin(group, delayMs, Math.max(group.rebalanceTimeoutMs - delayMs, 0));
    } else if (group.hasAllMembersJoined) {
      this.completeJoin(group);
    } else {
      this.#scheduleJoin(group);
    }
  }

  /**
   * Ends the join phase when everybody is here; the delay of a first rebalance is not cut short.
   */
  maybeCompleteJoin(group: ClassicGroup): void {
    if (
      group.state === 'PreparingRebalance' &&
      group.previousState !== 'Empty' &&
      group.hasAllMembersJoined
    ) {
      this.completeJoin(group);
    }
  }

  /** Removes a member for good and lets the group go on without it. */
  removeMember(group: ClassicGroup, member: GroupMember, reason: string): void {
    this.dropMember(group, member);
    this.afterRemoval(group, reason);
  }

  /**
   * A member that `group.max.size` leaves no room for came to join: the others go on without it.
   */
  dropExcessMember(group: ClassicGroup, memberId: string): void {
    const member = group.members.get(memberId);
    if (member) this.removeMember(group, member, `${memberId} is over group.max.size`);
    else this.removePendingMember(group, memberId);
  }

  /** Lets a group go on after members were dropped from it. */
  afterRemoval(group: ClassicGroup, reason: string): void {
    if (group.state === 'Stable' || group.state === 'CompletingRebalance') {
      this.prepareRebalance(group, reason);
    } else {
      this.maybeCompleteJoin(group);
    }
  }

  /** Removes a member; what it had parked is answered so that a live client starts over. */
  dropMember(group: ClassicGroup, member: GroupMember): void {
    answerJoin(member, joinError('', ErrorCodes.UNKNOWN_MEMBER_ID));
    answerSync(member, syncError(ErrorCodes.UNKNOWN_MEMBER_ID));
    group.remove(member.memberId);
  }

  removePendingMember(group: ClassicGroup, memberId: string): void {
    if (group.removePending(memberId)) this.maybeCompleteJoin(group);
  }

  /**
   * Notes a member's SyncGroup; once all members have sent theirs, the timer for late ones ends.
   */
  receivedSync(group: ClassicGroup, member: GroupMember): void {
    group.pendingSyncs.delete(member.memberId);
    if (group.pendingSyncs.size > 0) return;
    group.syncTimer?.cancel();
    group.syncTimer = null;
  }

  restartSession(group: ClassicGroup, member: GroupMember, timeoutMs: number): void {
    member.sessionTimer?.cancel();
    member.sessionTimer = this.#options.clock.schedule(timeoutMs, () => {
      member.sessionTimer = null;
      this.#expireSession(group, member);
    });
  }

  /** Hands out the leader's assignments and answers every parked SyncGroup. */
  propagateAssignments(group: ClassicGroup, assignments: ReadonlyMap<string, Buffer>): void {
    for (const member of group.members.values()) {
      member.assignment = assignments.get(member.memberId) ?? EMPTY;
    }
    group.transitionTo('Stable', this.#options.clock.now());
    for (const member of group.members.values()) {
      if (!member.syncWaiter) continue;
      this.restartSession(group, member, member.sessionTimeoutMs);
      answerSync(member, this.currentAssignment(group, member));
    }
  }

  /** Forgets all assignments and answers every parked SyncGroup with an error. */
  resetAssignments(group: ClassicGroup, error: number): void {
    for (const member of group.members.values()) {
      member.assignment = EMPTY;
      if (!member.syncWaiter) continue;
      this.restartSession(group, member, member.sessionTimeoutMs);
      answerSync(member, syncError(error));
    }
  }

  currentAssignment(group: ClassicGroup, member: GroupMember): SyncResult {
    return {
      error: ErrorCodes.NONE,
      protocolType: group.protocolType,
      protocolName: group.protocolName,
      assignment: member.assignment,
    };
  }

  /** Ends the join phase with those who are here. */
  completeJoin(group: ClassicGroup): void {
    group.joinTimer?.cancel();
    group.joinTimer = null;
    if (group.state !== 'PreparingRebalance') return;
    const { clock, logger } = this.#options;
    for (const member of [...group.members.values()]) {
      if (!member.joinWaiter && member.groupInstanceId === null) group.remove(member.memberId);
    }
    if (group.members.size > 0 && !group.electJoinedLeader()) {
      // Only static members, none of which came back yet: they keep their places.
      this.#scheduleJoin(group);
      return;
    }
    group.initNextGeneration(clock.now());
    const isEmpty = group.members.size === 0;
    logger.info(
      { group: group.groupId, generation: group.generationId, members: group.members.size },
      isEmpty ? 'group is empty' : 'rebalance joined',
    );
    if (isEmpty) {
      this.#options.onGroupChanged(group);
      return;
    }
    for (const member of group.members.values()) {
      this.restartSession(group, member, member.sessionTimeoutMs);
      member.isNew = false;
      group.pendingSyncs.add(member.memberId);
      answerJoin(member, group.joinResult(member.memberId, ErrorCodes.NONE));
    }
    this.#schedulePendingSync(group);
  }

  #scheduleJoin(group: ClassicGroup): void {
    group.joinTimer?.cancel();
    group.joinTimer = this.#options.clock.schedule(group.rebalanceTimeoutMs, () =>
      this.completeJoin(group),
    );
  }

  #scheduleInitialJoin(group: ClassicGroup, delayMs: number, remainingMs: number): void {
    group.joinTimer?.cancel();
    group.joinTimer = this.#options.clock.schedule(delayMs, () => {
      if (!group.newMemberAdded || remainingMs === 0) {
        this.completeJoin(group);
        return;
      }
      group.newMemberAdded = false;
      const nextDelayMs = Math.min(this.#options.initialRebalanceDelayMs(), remainingMs);
      this.#scheduleInitialJoin(group, nextDelayMs, Math.max(remainingMs - delayMs, 0));
    });
  }

  #schedulePendingSync(group: ClassicGroup): void {
    const { generationId } = group;
    group.syncTimer?.cancel();
    group.syncTimer = this.#options.clock.schedule(group.rebalanceTimeoutMs, () => {
      group.syncTimer = null;
      if (group.generationId !== generationId || group.pendingSyncs.size === 0) return;
      if (group.state !== 'CompletingRebalance' && group.state !== 'Stable') return;
      for (const memberId of [...group.pendingSyncs]) {
        const member = group.members.get(memberId);
        if (member) this.dropMember(group, member);
      }
      this.prepareRebalance(group, 'members that did not sync in time were removed');
    });
  }

  #expireSession(group: ClassicGroup, member: GroupMember): void {
    if (group.state === 'Dead' || group.members.get(member.memberId) !== member) return;
    const isWaiting = member.joinWaiter !== null || member.syncWaiter !== null;
    // A known member that waits for the others is alive by definition; its session restarts with
    // the answer. A new one cannot be told from a client that gave up.
    if (isWaiting && !member.isNew) return;
    this.#options.logger.info(
      { group: group.groupId, member: member.memberId },
      'member removed: its session timed out',
    );
    this.removeMember(group, member, `session of ${member.memberId} timed out`);
  }
}

export function answerJoin(member: GroupMember, result: JoinResult): void {
  const waiter = member.joinWaiter;
  member.joinWaiter = null;
  waiter?.(result);
}

export function answerSync(member: GroupMember, result: SyncResult): void {
  const waiter = member.syncWaiter;
  member.syncWaiter = null;
  waiter?.(result);
}

/** A JoinGroup's answer that tells of nothing but its error. */
export function joinError(memberId: string, error: number): JoinResult {
  return {
    error,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leaderId: '',
    memberId,
    skipAssignment: false,
    members: [],
  };
}

export function syncError(error: number): SyncResult {
  return { error, protocolType: null, protocolName: null, assignment: EMPTY };
}
