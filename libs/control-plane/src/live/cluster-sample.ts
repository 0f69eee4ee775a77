import { decodeConsumerProtocolAssignment } from '@platformatic/kafka';
import {
  type ClusterClient,
  type ClusterMetadata,
  type GroupCommits,
  LATEST,
  type ListedGroup,
  type TopicMetadata,
  type TopicOffsets,
} from '../cluster/index.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface SampledMember {
  readonly memberId: string;
  readonly clientId: string;
  readonly clientHost: string;
  readonly instanceId: string | null;
  readonly assignments: readonly TopicPartition[];
}

export interface SampledGroup {
  readonly groupId: string;
  readonly state: string;
  readonly protocolType: string | null;
  readonly protocol: string | null;
  readonly coordinator: number;
  readonly members: readonly SampledMember[];
  readonly commits: GroupCommits;
}

/** What one pass over the cluster saw. */
export interface ClusterSample {
  /** When the end offsets were read, ms since epoch. */
  readonly at: number;
  /** The same instant on a clock that is never set, in ms: rates are differences of this. */
  readonly monotonicMs: number;
  readonly metadata: ClusterMetadata;
  readonly endOffsets: TopicOffsets;
  readonly groups: readonly SampledGroup[];
}

export interface Clock {
  now(): number;
  monotonicMs(): number;
}

/**
 * One pass for everything: all topics' end offsets and all groups' members and commits, in
 * 1 + 4 x brokers requests.
 *
 * Commits are read before end offsets. A group that commits and a producer that appends meanwhile
 * then make the lag look larger by what came in within these milliseconds; the other order would
 * show commits beyond the end.
 */
export async function takeSample(client: ClusterClient, clock: Clock): Promise<ClusterSample> {
  const metadata = await client.metadata(null);
  const listed = (await client.listGroups(metadata)).filter(isConsumerGroup);
  const [described, commits] = await Promise.all([
    client.describeGroups(metadata, listed),
    client.committedOffsets(metadata, listed),
  ]);
  const endOffsets = await client.listOffsets(metadata, metadata.topics, LATEST);
  return {
    at: clock.now(),
    monotonicMs: clock.monotonicMs(),
    metadata,
    endOffsets,
    groups: listed
      .map((group) => toGroup(group, described.get(group.groupId), commits.get(group.groupId)))
      .sort((a, b) => (a.groupId < b.groupId ? -1 : 1)),
  };
}

/** The topics that the dashboard shows when internal ones are not asked for. */
export function visibleTopics(sample: ClusterSample): TopicMetadata[] {
  return sample.metadata.topics.filter((topic) => !topic.internal);
}

/**
 * A group that only ever committed offsets has no protocol type; groups of Kafka Connect and others
 * have another one and are left out.
 */
function isConsumerGroup(group: ListedGroup): boolean {
  return group.protocolType === 'consumer' || group.protocolType === '';
}

type Description =
  Awaited<ReturnType<ClusterClient['describeGroups']>> extends Map<string, infer G> ? G : never;

function toGroup(
  listed: ListedGroup,
  description: Description | undefined,
  commits: GroupCommits | undefined,
): SampledGroup {
  return {
    groupId: listed.groupId,
    state: description?.groupState ?? listed.state,
    protocolType: orNull(listed.protocolType),
    protocol: orNull(description?.protocolData),
    coordinator: listed.coordinator,
    members: (description?.members ?? []).map((member) => ({
      memberId: member.memberId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      instanceId: member.groupInstanceId ?? null,
      assignments: decodeAssignment(member.memberAssignment),
    })),
    commits: commits ?? new Map(),
  };
}

function orNull(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}

/**
 * A member without an assignment yet has no bytes; an assignor of another kind has bytes of its
 * own.
 */
function decodeAssignment(bytes: Buffer | null): TopicPartition[] {
  if (bytes === null || bytes.length === 0) {
    return [];
  }
  try {
    return decodeConsumerProtocolAssignment(bytes).assignedPartitions.flatMap(
      ({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })),
    );
  } catch {
    return [];
  }
}
