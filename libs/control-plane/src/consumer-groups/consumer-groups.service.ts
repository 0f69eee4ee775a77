import { Injectable } from '@nestjs/common';
import {
  byName,
  type ClusterMetadata,
  EARLIEST,
  InteractiveCluster,
  type Page,
  pageByName,
} from '../cluster/index.ts';
import type { GroupHealth, SampledGroup, TopicPartition } from '../live/index.ts';
import { LiveMonitor } from '../live/index.ts';
import { sumKnown } from '../live/lag.ts';
import type { GroupFigures } from '../live/live-figures.ts';
import { PipelinesService } from '../pipelines/index.ts';

export interface GroupMemberView {
  readonly memberId: string;
  readonly clientId: string;
  readonly clientHost: string;
  readonly instanceId: string | null;
  readonly assignments: readonly TopicPartition[];
  readonly lag: number | null;
}

export interface GroupPartitionView {
  readonly topic: string;
  readonly partition: number;
  readonly committedOffset: number | null;
  readonly endOffset: number | null;
  readonly lag: number | null;
  readonly memberId: string | null;
  readonly metadata: string | null;
}

export interface ConsumerGroupView {
  readonly groupId: string;
  readonly state: string;
  readonly health: GroupHealth;
  readonly protocolType: string | null;
  readonly protocol: string | null;
  readonly coordinator: number | null;
  readonly members: readonly GroupMemberView[];
  readonly partitions: readonly GroupPartitionView[];
  readonly lag: number | null;
  readonly inPerSecond: number | null;
  readonly outPerSecond: number | null;
  readonly topics: readonly string[];
  /** Name of our pipeline when the group is one of its stream processor. */
  readonly pipeline: string | null;
}

/**
 * Consumer groups, from the sampler's newest pass: at most a second old and free of requests, so
 * that a list of ten thousand groups costs the cluster nothing.
 */
@Injectable()
export class ConsumerGroupsService {
  readonly #monitor: LiveMonitor;
  readonly #pipelines: PipelinesService;
  readonly #cluster: InteractiveCluster;

  constructor(monitor: LiveMonitor, pipelines: PipelinesService, cluster: InteractiveCluster) {
    this.#monitor = monitor;
    this.#pipelines = pipelines;
    this.#cluster = cluster;
  }

  /** Groups by id, ascending; `filter` is a part of the id, in any case. */
  async list(options: {
    filter?: string | null;
    first?: number | null;
    after?: string | null;
  }): Promise<Page<ConsumerGroupView>> {
    const filter = (options.filter ?? '').toLowerCase();
    const groups = this.#observed()
      .filter(({ group }) => group.groupId.toLowerCase().includes(filter))
      .sort((a, b) => byName(a.group.groupId, b.group.groupId));
    const page = pageByName(groups, ({ group }) => group.groupId, options);
    return { ...page, nodes: await this.#toViews(page.nodes) };
  }

  async find(groupId: string): Promise<ConsumerGroupView | null> {
    const groups = this.#observed().filter(({ group }) => group.groupId === groupId);
    return (await this.#toViews(groups))[0] ?? null;
  }

  /** The groups that read or have committed in a topic. */
  async ofTopic(topic: string): Promise<ConsumerGroupView[]> {
    return await this.#toViews(
      this.#observed().filter(({ figures }) => figures?.topics.includes(topic)),
    );
  }

  /** Log start offsets of topics, by partition index; empty for a topic that was deleted. */
  async startOffsets(topics: readonly string[]): Promise<(number | null)[][]> {
    const metadata: ClusterMetadata = await this.#cluster.metadata(topics);
    const present = metadata.topics.filter((topic) => topic.errorCode === 0);
    const starts = await this.#cluster.listOffsets(metadata, present, EARLIEST);
    return topics.map((topic) => [...(starts.get(topic) ?? [])]);
  }

  /**
   * Groups with their figures, of one pass of the sampler. Both are read without a wait between
   * them, so that no answer shows a group with members under the verdict that it has none.
   */
  #observed(): ObservedGroup[] {
    const figures = new Map(
      (this.#monitor.figures()?.groups ?? []).map((group) => [group.groupId, group]),
    );
    return this.#monitor
      .sample()
      .groups.map((group) => ({ group, figures: figures.get(group.groupId) }));
  }

  async #toViews(observed: readonly ObservedGroup[]): Promise<ConsumerGroupView[]> {
    const pipelines = await this.#pipelines.byGroupId();
    return observed.map(({ group, figures }) =>
      toView(group, figures, pipelines.get(group.groupId) ?? null),
    );
  }
}

interface ObservedGroup {
  readonly group: SampledGroup;
  /** Undefined while the group has not been measured. */
  readonly figures: GroupFigures | undefined;
}

function toView(
  group: SampledGroup,
  figures: GroupFigures | undefined,
  pipeline: string | null,
): ConsumerGroupView {
  const owners = new Map<string, string>();
  for (const { memberId, assignments } of group.members) {
    for (const { topic, partition } of assignments) {
      owners.set(`${topic}/${partition}`, memberId);
    }
  }
  const partitions = (figures?.partitions ?? []).map((partition) => ({
    ...partition,
    memberId: owners.get(`${partition.topic}/${partition.partition}`) ?? null,
    metadata: group.commits.get(partition.topic)?.get(partition.partition)?.metadata ?? null,
  }));
  const lags = new Map(partitions.map((each) => [`${each.topic}/${each.partition}`, each.lag]));
  return {
    groupId: group.groupId,
    state: group.state,
    health: figures?.health ?? 'UNKNOWN',
    protocolType: group.protocolType,
    protocol: group.protocol,
    coordinator: group.coordinator,
    members: group.members.map((member) => ({
      ...member,
      lag: sumKnown(
        member.assignments.map(({ topic, partition }) => lags.get(`${topic}/${partition}`) ?? null),
      ),
    })),
    partitions,
    lag: figures?.lag ?? null,
    inPerSecond: figures?.inPerSecond ?? null,
    outPerSecond: figures?.outPerSecond ?? null,
    topics: figures?.topics ?? [],
    pipeline,
  };
}
