import { ErrorCodes } from '@penstock/kafka-protocol';
import { Ages, type Clock, type Logger } from '@penstock/kafka-log';
import type { GroupChange, StoredOffset } from '../metadata/metadata-store.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { GroupMember } from './group-member.ts';
import type { GroupRegistry } from './group-registry.ts';
import type { GroupSettings } from './group-settings.ts';
import type { CommittedOffset, CommitterIdentity, OffsetToCommit } from './group-results.ts';

export interface GroupOffsetsOptions {
  clock: Clock;
  /**
   * Wall clock in ms as far as it is believed: one that is wrong for a minute must expire nothing.
   */
  steadyNow: () => number;
  logger: Logger;
  settings: GroupSettings;
  groups: GroupRegistry;
  restartSession: (group: ClassicGroup, member: GroupMember) => void;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

type TopicOffsets = Map<string, Map<number, CommittedOffset>>;

/**
 * The committed offsets of all groups (Kafka: `OffsetMetadataManager`). A commit is answered, and
 * seen by OffsetFetch, once it is durable; so is a deletion.
 */
export class GroupOffsets {
  readonly #options: GroupOffsetsOptions;
  readonly #offsets = new Map<string, TopicOffsets>();
  readonly #ages: Ages;

  constructor(options: GroupOffsetsOptions) {
    this.#options = options;
    this.#ages = new Ages(options.clock);
  }

  restore(offsets: readonly StoredOffset[]): void {
    for (const { groupId, topic, partition, ...committed } of offsets) {
      this.#options.groups.getOrCreate(groupId);
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
    const { groups, settings } = this.#options;
    const known = groups.get(groupId);
    const error = known
      ? validateCommit(known, committer)
      : validateFirstCommit(committer, apiVersion);
    if (error !== ErrorCodes.NONE) return offsets.map(() => error);
    const group = known ?? groups.getOrCreate(groupId);
    const member = group.members.get(committer.memberId);
    if (member && (group.state === 'Stable' || group.state === 'PreparingRebalance')) {
      this.#options.restartSession(group, member);
    }
    // Kafka counts UTF-16 units as well, whatever the setting's name says.
    const limit = settings.offsetMetadataMaxBytes();
    const errors = offsets.map(({ metadata }) =>
      metadata.length > limit ? ErrorCodes.OFFSET_METADATA_TOO_LARGE : ErrorCodes.NONE,
    );
    const accepted = offsets.filter((_, index) => errors[index] === ErrorCodes.NONE);
    if (accepted.length === 0 || (await this.#store(group, accepted))) return errors;
    if (!known && !this.#offsets.has(groupId) && group.isUnused) groups.forget(group);
    return errors.map((each) => each || ErrorCodes.COORDINATOR_NOT_AVAILABLE);
  }

  async #store(group: ClassicGroup, accepted: readonly OffsetToCommit[]): Promise<boolean> {
    const { groups, logger, clock } = this.#options;
    const { groupId } = group;
    const now = clock.now();
    const stored = accepted.map(({ retentionMs, ...offset }) => ({
      ...offset,
      groupId,
      commitTimestamp: now,
      expireTimestamp: retentionMs === null ? null : now + retentionMs,
    }));
    group.commitsUnderWay += 1;
    try {
      await groups.write(stored.map((offset) => ({ kind: 'saveOffset', offset }) as const));
    } catch (error) {
      logger.error({ err: error, group: groupId }, 'offsets not stored');
      return false;
    } finally {
      group.commitsUnderWay -= 1;
    }
    for (const { groupId: _, topic, partition, ...committed } of stored) {
      this.#put(groupId, topic, partition, committed);
    }
    return true;
  }

  /** The committed offset of one partition; undefined when there is none. */
  fetch(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#offsets.get(groupId)?.get(topic)?.get(partition);
  }

  /** All committed offsets of a group, by topic and partition. */
  fetchAll(groupId: string): ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> {
    return this.#offsets.get(groupId) ?? new Map();
  }

  /** OffsetDelete: one error code per partition, or one for the whole group. */
  async delete(
    groupId: string,
    partitions: readonly TopicPartition[],
  ): Promise<{ error: number; partitions: number[] }> {
    const none = { partitions: [] };
    if (groupId === '') return { error: ErrorCodes.INVALID_GROUP_ID, ...none };
    const { groups, logger } = this.#options;
    const group = groups.get(groupId);
    if (!group || group.state === 'Dead') return { error: ErrorCodes.GROUP_ID_NOT_FOUND, ...none };
    if (group.state !== 'Empty' && group.protocolType !== 'consumer') {
      return { error: ErrorCodes.NON_EMPTY_GROUP, ...none };
    }
    const errors = partitions.map(({ topic }) =>
      group.isSubscribedTo(topic) ? ErrorCodes.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCodes.NONE,
    );
    const deleted = partitions
      .filter((_, index) => errors[index] === ErrorCodes.NONE)
      .filter(({ topic, partition }) => this.fetch(groupId, topic, partition));
    try {
      await this.#delete(deleted.map((each) => ({ groupId, ...each })));
    } catch (error) {
      logger.error({ err: error, group: groupId }, 'offsets not deleted');
      return { error: ErrorCodes.COORDINATOR_NOT_AVAILABLE, ...none };
    }
    return { error: ErrorCodes.NONE, partitions: errors };
  }

  /** Drops all offsets of a deleted group from memory. */
  forgetGroup(groupId: string): void {
    this.#offsets.delete(groupId);
  }

  /** Deletes the offsets of a deleted topic in every group. */
  async deleteTopic(topic: string): Promise<void> {
    // Commits that were accepted before the topic went are on their way still.
    await this.#options.groups.settled();
    await this.deleteWhere((each) => each === topic);
  }

  /** Deletes the offsets of all topics for which the predicate holds, in every group. */
  async deleteWhere(isGone: (topic: string) => boolean): Promise<void> {
    await this.#delete(this.#find((_, topic) => isGone(topic)));
  }

  /**
   * Applies `offsets.retention.minutes` (Kafka: `OffsetMetadataManager.cleanupExpiredOffsets`):
   * counted from when a group became empty, from the commit for simple groups and for topics that
   * a live `consumer` group does not subscribe to. A group left with nothing is deleted.
   */
  async expire(): Promise<void> {
    const { groups, logger } = this.#options;
    const expired = this.#find((group, topic, committed) =>
      this.#isExpired(group, topic, committed),
    );
    await this.#delete(expired);
    const idle = groups
      .all()
      .filter((group) => group.isUnused && !this.#offsets.has(group.groupId));
    if (idle.length > 0) await groups.delete(idle);
    if (expired.length + idle.length === 0) return;
    logger.info({ offsets: expired.length, groups: idle.length }, 'expired offsets deleted');
  }

  #find(
    matches: (group: ClassicGroup, topic: string, committed: CommittedOffset) => boolean,
  ): (TopicPartition & { groupId: string })[] {
    const found: (TopicPartition & { groupId: string })[] = [];
    for (const group of this.#options.groups.all()) {
      const { groupId } = group;
      for (const [topic, partitions] of this.#offsets.get(groupId) ?? []) {
        for (const [partition, committed] of partitions) {
          if (matches(group, topic, committed)) found.push({ groupId, topic, partition });
        }
      }
    }
    return found;
  }

  /** Deletes from the store, then from memory. */
  async #delete(offsets: readonly (TopicPartition & { groupId: string })[]): Promise<void> {
    if (offsets.length === 0) return;
    const changes: GroupChange[] = offsets.map((each) => ({ kind: 'deleteOffset', ...each }));
    await this.#options.groups.write(changes);
    for (const { groupId, topic, partition } of offsets) this.#remove(groupId, topic, partition);
  }

  #isExpired(group: ClassicGroup, topic: string, committed: CommittedOffset): boolean {
    const now = this.#options.steadyNow();
    const isSimple = group.protocolType === '';
    const isEmpty = group.state === 'Empty';
    const isLive = group.state === 'Stable' && group.knowsSubscriptions;
    // A commit under way is stored before this deletion, which would delete it too.
    if (group.commitsUnderWay > 0) return false;
    if ((!isSimple && !isEmpty && !isLive) || group.isSubscribedTo(topic)) return false;
    const { commitTimestamp, expireTimestamp } = committed;
    if (expireTimestamp !== null) {
      const ageMs = this.#ages.ageMs(committed, commitTimestamp, now);
      return ageMs >= expireTimestamp - commitTimestamp;
    }
    const ageMs =
      isEmpty && !isSimple
        ? this.#ages.ageMs(group, group.stateTimestamp, now)
        : this.#ages.ageMs(committed, commitTimestamp, now);
    return ageMs >= this.#options.settings.offsetsRetentionMs();
  }

  #put(groupId: string, topic: string, partition: number, committed: CommittedOffset): void {
    let topics = this.#offsets.get(groupId);
    if (!topics) this.#offsets.set(groupId, (topics = new Map()));
    let partitions = topics.get(topic);
    if (!partitions) topics.set(topic, (partitions = new Map()));
    partitions.set(partition, committed);
  }

  #remove(groupId: string, topic: string, partition: number): void {
    const topics = this.#offsets.get(groupId);
    const partitions = topics?.get(topic);
    if (!partitions?.delete(partition)) return;
    if (partitions.size === 0) topics?.delete(topic);
    if (topics?.size === 0) this.#offsets.delete(groupId);
  }
}

/** Only a client that does not claim to be a member may commit to a group that does not exist. */
function validateFirstCommit({ generationId }: CommitterIdentity, apiVersion: number): number {
  if (generationId < 0) return ErrorCodes.NONE;
  return apiVersion >= 9 ? ErrorCodes.GROUP_ID_NOT_FOUND : ErrorCodes.ILLEGAL_GENERATION;
}

/** Kafka: `ClassicGroup.validateOffsetCommit`. */
function validateCommit(group: ClassicGroup, committer: CommitterIdentity): number {
  const { generationId, memberId, groupInstanceId } = committer;
  if (group.state === 'Dead') return ErrorCodes.COORDINATOR_NOT_AVAILABLE;
  if (generationId < 0 && group.state === 'Empty') return ErrorCodes.NONE;
  if (generationId < 0 && memberId === '' && groupInstanceId === null) {
    return ErrorCodes.UNKNOWN_MEMBER_ID;
  }
  const error = group.memberProblem(memberId, groupInstanceId);
  if (error !== ErrorCodes.NONE) return error;
  if (generationId !== group.generationId) return ErrorCodes.ILLEGAL_GENERATION;
  return group.state === 'CompletingRebalance' ? ErrorCodes.REBALANCE_IN_PROGRESS : ErrorCodes.NONE;
}
