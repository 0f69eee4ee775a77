import type { Timer } from '@penstock/kafka-log';
import { ErrorCodes } from '@penstock/kafka-protocol';
import type { StoredGroup } from '../metadata/metadata-store.ts';
import { subscribedTopics } from './consumer-subscription.ts';
import { GroupMember } from './group-member.ts';
import type { JoinedMember, JoinResult, MemberProtocol } from './group-results.ts';

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

/**
 * The state of one classic consumer group (Kafka: `ClassicGroup`), without timers and without I/O.
 *
 * Invariants: `leaderId` names a member whenever there is one; `waitingJoins` is the number of
 * members with a parked JoinGroup; a pending member is not a member; a member id is in
 * `pendingSyncs` only between the end of a join and that member's SyncGroup.
 */
export class ClassicGroup {
  readonly groupId: string;
  state: GroupState = 'Empty';
  previousState: GroupState = 'Empty';
  /** When the present state was entered, milliseconds since the Unix epoch. */
  stateTimestamp: number;
  generationId = 0;
  /** Empty for a group that only ever had simple commits. Outlives the members. */
  protocolType = '';
  protocolName: string | null = null;
  leaderId: string | null = null;
  /** A member joined during the first, delayed, rebalance: the delay may be extended. */
  newMemberAdded = false;
  readonly members = new Map<string, GroupMember>();
  readonly pendingSyncs = new Set<string>();
  /** Requests whose offsets are being made durable. */
  commitsUnderWay = 0;
  joinTimer: Timer | null = null;
  syncTimer: Timer | null = null;
  /** As of this generation; null: not known, or not of the type `consumer`. */
  #subscribedTopics: ReadonlySet<string> | null = null;
  readonly #staticMembers = new Map<string, string>();
  readonly #pendingMembers = new Map<string, Timer>();

  constructor(groupId: string, now: number) {
    this.groupId = groupId;
    this.stateTimestamp = now;
  }

  /** A group as it was persisted; its members have no timers yet. */
  static restore(stored: StoredGroup, now: number): ClassicGroup {
    const group = new ClassicGroup(stored.groupId, stored.emptySince ?? now);
    group.generationId = stored.generationId;
    group.protocolType = stored.protocolType;
    for (const fields of stored.members) {
      const member = new GroupMember({ ...fields, protocolType: stored.protocolType });
      member.assignment = fields.assignment;
      group.members.set(member.memberId, member);
      if (member.groupInstanceId !== null) {
        group.#staticMembers.set(member.groupInstanceId, member.memberId);
      }
    }
    if (group.members.size > 0) {
      group.state = 'Stable';
      group.protocolName = stored.protocolName;
      group.leaderId = stored.leaderId;
    }
    group.#subscribedTopics = subscribedTopics(group);
    return group;
  }

  snapshot(): StoredGroup {
    return {
      groupId: this.groupId,
      protocolType: this.protocolType,
      protocolName: this.protocolName,
      generationId: this.generationId,
      leaderId: this.leaderId,
      emptySince: this.state === 'Empty' ? this.stateTimestamp : null,
      members: [...this.members.values()].map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        rebalanceTimeoutMs: member.rebalanceTimeoutMs,
        sessionTimeoutMs: member.sessionTimeoutMs,
        protocols: member.protocols,
        assignment: member.assignment,
      })),
    };
  }

  transitionTo(state: GroupState, now: number): void {
    this.previousState = this.state;
    this.state = state;
    this.stateTimestamp = now;
  }

  // Membership

  add(member: GroupMember): void {
    if (this.members.size === 0) this.protocolType = member.protocolType;
    this.members.set(member.memberId, member);
    this.leaderId ??= member.memberId;
    if (member.groupInstanceId !== null) {
      this.#staticMembers.set(member.groupInstanceId, member.memberId);
    }
    this.removePending(member.memberId);
  }

  remove(memberId: string): void {
    const member = this.members.get(memberId);
    if (!member) return;
    this.members.delete(memberId);
    member.sessionTimer?.cancel();
    member.sessionTimer = null;
    if (
      member.groupInstanceId !== null &&
      this.#staticMembers.get(member.groupInstanceId) === memberId
    ) {
      this.#staticMembers.delete(member.groupInstanceId);
    }
    this.pendingSyncs.delete(memberId);
    if (this.leaderId === memberId) {
      this.leaderId = this.members.keys().next().value ?? null;
    }
  }

  /** Gives a static member its new id; the caller answers the requests parked under the old one. */
  replaceStatic(old: GroupMember, newMemberId: string): GroupMember {
    const replacement = old.renamed(newMemberId);
    const wasLeader = this.leaderId === old.memberId;
    const wasPendingSync = this.pendingSyncs.has(old.memberId);
    this.remove(old.memberId);
    this.members.set(newMemberId, replacement);
    if (old.groupInstanceId !== null) this.#staticMembers.set(old.groupInstanceId, newMemberId);
    if (wasLeader || this.leaderId === null) this.leaderId = newMemberId;
    if (wasPendingSync) this.pendingSyncs.add(newMemberId);
    return replacement;
  }

  /**
   * Why a request may not act for this member; NONE when it may (`ClassicGroup.validateMember`).
   */
  memberProblem(memberId: string, groupInstanceId: string | null): number {
    if (groupInstanceId !== null) {
      const current = this.staticMemberId(groupInstanceId);
      if (current === undefined) return ErrorCodes.UNKNOWN_MEMBER_ID;
      if (current !== memberId) return ErrorCodes.FENCED_INSTANCE_ID;
    }
    return this.members.has(memberId) ? ErrorCodes.NONE : ErrorCodes.UNKNOWN_MEMBER_ID;
  }

  staticMemberId(groupInstanceId: string): string | undefined {
    return this.#staticMembers.get(groupInstanceId);
  }

  /** Remembers an id that was given out and must come back in a second JoinGroup. */
  addPending(memberId: string, expiry: Timer): void {
    this.#pendingMembers.set(memberId, expiry);
  }

  removePending(memberId: string): boolean {
    this.#pendingMembers.get(memberId)?.cancel();
    return this.#pendingMembers.delete(memberId);
  }

  isPending(memberId: string): boolean {
    return this.#pendingMembers.has(memberId);
  }

  /** No members, no pending members and no commit under way. */
  get isUnused(): boolean {
    return this.state === 'Empty' && this.#pendingMembers.size === 0 && this.commitsUnderWay === 0;
  }

  get waitingJoins(): number {
    let count = 0;
    for (const member of this.members.values()) if (member.joinWaiter) count += 1;
    return count;
  }

  get hasAllMembersJoined(): boolean {
    return this.waitingJoins === this.members.size && this.#pendingMembers.size === 0;
  }

  get canRebalance(): boolean {
    return (
      this.state === 'Stable' || this.state === 'CompletingRebalance' || this.state === 'Empty'
    );
  }

  /** The longest of the members' rebalance timeouts, in milliseconds. */
  get rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const member of this.members.values()) {
      longest = Math.max(longest, member.rebalanceTimeoutMs);
    }
    return longest;
  }

  // Protocols

  /**
   * Whether a member of this type with these protocols could share an assignment with all others.
   */
  supportsProtocols(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (protocolType === '' || protocols.length === 0) return false;
    if (this.state === 'Empty') return true;
    if (protocolType !== this.protocolType) return false;
    if (this.members.size === 0) return true;
    const candidates = this.candidateProtocols();
    return protocols.some((protocol) => candidates.has(protocol.name));
  }

  /**
   * Whether offsets of a topic are in use by this group's members. A `consumer` group whose
   * subscriptions are not known, or cannot be read, counts as subscribed to everything.
   */
  isSubscribedTo(topic: string): boolean {
    return this.#subscribedTopics?.has(topic) ?? this.protocolType === 'consumer';
  }

  /** Whether the members' subscriptions could be read. */
  get knowsSubscriptions(): boolean {
    return this.#subscribedTopics !== null;
  }

  candidateProtocols(): Set<string> {
    const counts = new Map<string, number>();
    for (const member of this.members.values()) {
      for (const name of new Set(member.protocols.map((protocol) => protocol.name))) {
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    return new Set([...counts].filter(([, n]) => n === this.members.size).map(([name]) => name));
  }

  /**
   * The protocol with the most votes among those that all members support; each member votes for
   * the first of these in its order of preference. The order of a Java hash table decides a tie, as
   * in Kafka, so that a group whose members are being moved from one protocol to another gets the
   * same protocol here as there.
   */
  selectProtocol(): string {
    const candidates = this.candidateProtocols();
    const votes = new Map<string, number>();
    for (const member of this.members.values()) {
      const vote = member.voteFor(candidates);
      if (vote !== undefined) votes.set(vote, (votes.get(vote) ?? 0) + 1);
    }
    const [best] = [...votes].sort(
      ([a, ofA], [b, ofB]) => ofB - ofA || hashBucket(a) - hashBucket(b),
    );
    return best?.[0] ?? '';
  }

  // Generations

  /** Makes another joined member leader when the present one did not rejoin. */
  electJoinedLeader(): boolean {
    if (this.leaderId === null) return false;
    if (this.members.get(this.leaderId)?.joinWaiter) return true;
    for (const member of this.members.values()) {
      if (member.joinWaiter) {
        this.leaderId = member.memberId;
        return true;
      }
    }
    return false;
  }

  initNextGeneration(now: number): void {
    this.generationId += 1;
    this.pendingSyncs.clear();
    if (this.members.size === 0) {
      this.protocolName = null;
      this.leaderId = null;
      this.#subscribedTopics = subscribedTopics(this);
      this.transitionTo('Empty', now);
      return;
    }
    this.protocolName = this.selectProtocol();
    this.#subscribedTopics = subscribedTopics(this);
    this.transitionTo('CompletingRebalance', now);
  }

  joinedMembers(): JoinedMember[] {
    const protocolName = this.protocolName ?? '';
    return [...this.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      metadata: member.metadataFor(protocolName),
    }));
  }

  /** The answer to a JoinGroup that needs no rebalance. */
  joinResult(memberId: string, error: number): JoinResult {
    const isLeader = this.leaderId === memberId;
    return {
      error,
      generationId: this.generationId,
      protocolType: this.protocolType,
      protocolName: this.protocolName,
      leaderId: this.leaderId ?? '',
      memberId,
      skipAssignment: false,
      members: isLeader ? this.joinedMembers() : [],
    };
  }
}

/** Where a `java.util.HashMap` of up to 12 entries puts a text. */
function hashBucket(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index += 1) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  }
  return (hash ^ (hash >>> 16)) & 15;
}
