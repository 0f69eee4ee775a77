import { ErrorCodes } from '@penstock/kafka-protocol';
import type { Clock } from '@penstock/kafka-log';
import type { GroupChange, StoredOffset } from '../metadata/metadata-store.ts';
import { ClassicGroup } from './classic-group.ts';
import { subscribedTopics } from './consumer-subscription.ts';
import type { GroupMember } from './group-member.ts';
import type { GroupSettings } from './group-settings.ts';
import type { CommittedOffset, CommitterIdentity, OffsetToCommit } from './group-results.ts';

export interface GroupOffsetsOptions {
  clock: Clock;
  settings: GroupSettings;
  groups: Map<string, ClassicGroup>;
  write: (changes: GroupChange[]) => Promise<void>;
  restartSession: (group: ClassicGroup, member: GroupMember) => void;
}

type TopicOffsets = Map<string, Map<number, CommittedOffset>>;

/**
 * The committed offsets of all groups (Kafka: `OffsetMetadataManager`). A commit is answered, and
 * seen by OffsetFetch, once it is durable.
 */
export class GroupOffsets {
  readonly #options: GroupOffsetsOptions;
  readonly #offsets = new Map<string, TopicOffsets>();

  constructor(options: GroupOffsetsOptions) {
    this.#options = options;
  }

  restore(offsets: readonly StoredOffset[]): void {
    for (const { groupId, topic, partition, ...committed } of offsets) {
      const { groups, clock } = this.#options;
      if (!groups.has(groupId)) groups.set(groupId, new ClassicGroup(groupId, clock.now()));
      this.#put(groupId, topic, partition, committed);
    }
  }

  /**
   * Commits offsets of one request.
   * @returns one error code per offset, in order, once what was accepted is durable.
   */
  async commit(
    groupId: string,
    committer: CommitterIdentity,
    apiVersion: number,
    offsets: readonly OffsetToCommit[],
  ): Promise<number[]> {
    const { groups, clock, settings } = this.#options;
    const now = clock.now();
    let group = groups.get(groupId);
    if (!group) {
      if (committer.generationId >= 0) {
        const error =
          apiVersion >= 9 ? ErrorCodes.GROUP_ID_NOT_FOUND : ErrorCodes.ILLEGAL_GENERATION;
        return offsets.map(() => error);
      }
      group = new ClassicGroup(groupId, now);
      groups.set(groupId, group);
    }
    const error = validateCommit(group, committer);
    if (error !== ErrorCodes.NONE) return offsets.map(() => error);
    const member = group.members.get(committer.memberId);
    if (member && (group.state === 'Stable' || group.state === 'PreparingRebalance')) {
      this.#options.restartSession(group, member);
    }
    const limit = settings.offsetMetadataMaxBytes();
    const errors = offsets.map(({ metadata }) =>
      Buffer.byteLength(metadata) > limit ? ErrorCodes.OFFSET_METADATA_TOO_LARGE : ErrorCodes.NONE,
    );
    const accepted = offsets.filter((_, index) => errors[index] === ErrorCodes.NONE);
    if (accepted.length > 0) await this.#store(group, accepted, now);
    return errors;
  }

  async #store(
    group: ClassicGroup,
    accepted: readonly OffsetToCommit[],
    now: number,
  ): Promise<void> {
    const { groupId } = group;
    const stored = accepted.map(({ retentionMs, ...offset }) => ({
      ...offset,
      groupId,
      commitTimestamp: now,
      expireTimestamp: retentionMs === null ? null : now + retentionMs,
    }));
    await this.#options.write(stored.map((offset) => ({ kind: 'saveOffset', offset }) as const));
    // The group may have been deleted while this was written; its deletion is ordered after.
    if (this.#options.groups.get(groupId) !== group) return;
    for (const { groupId: _, topic, partition, ...committed } of stored) {
      this.#put(groupId, topic, partition, committed);
    }
  }

  /** The committed offset of one partition; undefined when there is none. */
  fetch(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#offsets.get(groupId)?.get(topic)?.get(partition);
  }

  /** All committed offsets of a group, by topic and partition. */
  fetchAll(groupId: string): ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> {
    return this.#offsets.get(groupId) ?? new Map();
  }

  /** Checks that OffsetFetch may ask in the name of a member (version 9 on sends one). */
  validateFetch(groupId: string): number {
    return groupId === '' ? ErrorCodes.INVALID_GROUP_ID : ErrorCodes.NONE;
  }

  /** OffsetDelete: one error code per partition, or one for the whole group. */
  async delete(
    groupId: string,
    partitions: readonly { topic: string; partition: number }[],
  ): Promise<{ error: number; partitions: number[] }> {
    const none = { partitions: [] };
    if (groupId === '') return { error: ErrorCodes.INVALID_GROUP_ID, ...none };
    const group = this.#options.groups.get(groupId);
    if (!group) return { error: ErrorCodes.GROUP_ID_NOT_FOUND, ...none };
    if (group.state !== 'Empty' && group.protocolType !== 'consumer') {
      return { error: ErrorCodes.NON_EMPTY_GROUP, ...none };
    }
    const subscribed = subscribedTopics(group);
    const changes: GroupChange[] = [];
    const errors = partitions.map(({ topic, partition }) => {
      if (subscribed.has(topic)) return ErrorCodes.GROUP_SUBSCRIBED_TO_TOPIC;
      if (this.#remove(groupId, topic, partition)) {
        changes.push({ kind: 'deleteOffset', groupId, topic, partition });
      }
      return ErrorCodes.NONE;
    });
    if (changes.length > 0) await this.#options.write(changes);
    return { error: ErrorCodes.NONE, partitions: errors };
  }

  /** Drops all offsets of a deleted group from memory. */
  forgetGroup(groupId: string): void {
    this.#offsets.delete(groupId);
  }

  /** Deletes the offsets of a deleted topic in every group. */
  async deleteTopic(topic: string): Promise<void> {
    const changes: GroupChange[] = [];
    for (const [groupId, topics] of this.#offsets) {
      for (const partition of topics.get(topic)?.keys() ?? []) {
        changes.push({ kind: 'deleteOffset', groupId, topic, partition });
      }
      topics.delete(topic);
    }
    if (changes.length > 0) await this.#options.write(changes);
  }

  /**
   * Applies `offsets.retention.minutes` (Kafka: `OffsetMetadataManager.cleanupExpiredOffsets`):
   * counted from when a group became empty, from the commit for simple groups and for topics that
   * a live `consumer` group no longer subscribes to. A group left with nothing is deleted.
   */
  async expire(): Promise<void> {
    const changes: GroupChange[] = [];
    for (const group of [...this.#options.groups.values()]) {
      for (const [topic, partitions] of this.#offsets.get(group.groupId) ?? []) {
        for (const [partition, committed] of partitions) {
          if (!this.#isExpired(group, topic, committed)) continue;
          this.#remove(group.groupId, topic, partition);
          changes.push({ kind: 'deleteOffset', groupId: group.groupId, topic, partition });
        }
      }
      const isIdle = group.state === 'Empty' && group.pendingCount === 0;
      if (isIdle && !this.#offsets.get(group.groupId)?.size) {
        group.transitionTo('Dead', this.#options.clock.now());
        this.#options.groups.delete(group.groupId);
        changes.push({ kind: 'deleteGroup', groupId: group.groupId });
      }
    }
    if (changes.length > 0) await this.#options.write(changes);
  }

  #isExpired(group: ClassicGroup, topic: string, committed: CommittedOffset): boolean {
    const now = this.#options.clock.now();
    const isSimple = group.protocolType === '';
    const isEmpty = group.state === 'Empty';
    const isUnsubscribed =
      group.state === 'Stable' &&
      group.protocolType === 'consumer' &&
      !subscribedTopics(group).has(topic);
    if (!isSimple && !isEmpty && !isUnsubscribed) return false;
    if (committed.expireTimestamp !== null) return now >= committed.expireTimestamp;
    const since = isEmpty && !isSimple ? group.stateTimestamp : committed.commitTimestamp;
    return now - since >= this.#options.settings.offsetsRetentionMs();
  }

  #put(groupId: string, topic: string, partition: number, committed: CommittedOffset): void {
    let topics = this.#offsets.get(groupId);
    if (!topics) this.#offsets.set(groupId, (topics = new Map()));
    let partitions = topics.get(topic);
    if (!partitions) topics.set(topic, (partitions = new Map()));
    partitions.set(partition, committed);
  }

  #remove(groupId: string, topic: string, partition: number): boolean {
    const topics = this.#offsets.get(groupId);
    const partitions = topics?.get(topic);
    if (!partitions?.delete(partition)) return false;
    if (partitions.size === 0) topics?.delete(topic);
    return true;
  }
}

/** Kafka: `ClassicGroup.validateOffsetCommit`. */
function validateCommit(group: ClassicGroup, committer: CommitterIdentity): number {
  const { generationId, memberId, groupInstanceId } = committer;
  if (generationId < 0 && group.state === 'Empty') return ErrorCodes.NONE;
  if (generationId < 0 && memberId === '' && groupInstanceId === null) {
    return ErrorCodes.UNKNOWN_MEMBER_ID;
  }
  const error = group.memberProblem(memberId, groupInstanceId);
  if (error !== ErrorCodes.NONE) return error;
  if (generationId !== group.generationId) return ErrorCodes.ILLEGAL_GENERATION;
  return group.state === 'CompletingRebalance' ? ErrorCodes.REBALANCE_IN_PROGRESS : ErrorCodes.NONE;
}
