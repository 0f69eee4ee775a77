import { ApiKeys, errorName } from '@penstock/kafka-protocol';
import type { Random } from '@penstock/kafka-log/faults';
import { Violation } from '@penstock/kafka-log/faults';
import type { BrokerWorld } from './broker-world.ts';
import { Unanswered, type ProtocolClient } from './protocol-client.ts';

const SESSION_MS = 6000;
const REBALANCE_MS = 3000;
const COMMIT_VERSION = 7;
const OFFSET_FETCH_VERSION = 7;

export interface MemberOptions {
  readonly group: string;
  readonly instanceId: string | null;
  readonly random: Random;
  readonly topics: readonly string[];
  readonly partitionsMax: number;
}

/** A member of a consumer group of the classic protocol, which commits what it has seen. */
export class MemberActor {
  readonly #world: BrokerWorld;
  readonly #options: MemberOptions;
  #client: ProtocolClient | undefined;
  #memberId = '';
  #generation = -1;
  #mine: string[] = [];

  constructor(world: BrokerWorld, options: MemberOptions) {
    this.#world = world;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { random } = this.#options;
    while (!this.#world.isEnding) {
      await this.#world.sleep(random.below(150));
      if (this.#client?.isOpen !== true) this.#client = this.#world.client();
      try {
        if (this.#generation < 0) await this.#join(this.#client);
        else await this.#work(this.#client);
      } catch (error) {
        if (!(error instanceof Unanswered)) this.#world.fail(error);
        this.#client.close();
        await this.#world.sleep(50 + random.below(200));
      }
    }
    this.#client?.close();
  }

  async #join(client: ProtocolClient): Promise<void> {
    const { group, instanceId, random } = this.#options;
    const { ledger, trace } = this.#world;
    const floor = ledger.generationFloor(group);
    const answer = await client.request(
      ApiKeys.JoinGroup,
      5 + random.below(4),
      {
        groupId: group,
        sessionTimeoutMs: SESSION_MS,
        rebalanceTimeoutMs: REBALANCE_MS,
        memberId: this.#memberId,
        groupInstanceId: instanceId,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.from('subscription') }],
        reason: null,
      },
      20_000,
    );
    const error = errorName(answer.errorCode);
    trace.add(`${group} join ${this.#memberId}: ${error}, generation ${answer.generationId}`);
    if (error === 'MEMBER_ID_REQUIRED') {
      this.#memberId = answer.memberId;
      return;
    }
    if (error !== 'NONE') {
      this.#noteError(error);
      return;
    }
    this.#memberId = answer.memberId;
    ledger.joined(group, answer.generationId, floor);
    await this.#sync(client, answer);
  }

  async #sync(
    client: ProtocolClient,
    joined: {
      generationId: number;
      leader: string;
      members: readonly { readonly memberId: string }[];
    },
  ): Promise<void> {
    const { group, instanceId, topics, partitionsMax } = this.#options;
    const { ledger, trace } = this.#world;
    const all = topics.flatMap((topic) =>
      Array.from({ length: partitionsMax }, (_, partition) => `${topic}/${partition}`),
    );
    const { members, leader, generationId } = joined;
    const assignments = members.map(({ memberId }, index) => ({
      memberId,
      assignment: Buffer.from(JSON.stringify(all.filter((_, i) => i % members.length === index))),
    }));
    const answer = await client.request(
      ApiKeys.SyncGroup,
      3,
      {
        groupId: group,
        generationId,
        memberId: this.#memberId,
        groupInstanceId: instanceId,
        assignments,
      },
      20_000,
    );
    const error = errorName(answer.errorCode);
    trace.add(`${group} sync ${this.#memberId} in ${generationId}: ${error}`);
    if (error !== 'NONE') {
      this.#noteError(error);
      return;
    }
    this.#mine = JSON.parse(answer.assignment.toString() || '[]') as string[];
    // A static member keeps what it has under a new id.
    ledger.synced(group, generationId, leader, instanceId ?? this.#memberId, this.#mine);
    this.#generation = generationId;
  }

  async #work(client: ProtocolClient): Promise<void> {
    const { random } = this.#options;
    const action = random.weighted({ heartbeat: 4, commit: 5, check: 2, leave: 0.4 });
    if (action === 'heartbeat') await this.#heartbeat(client);
    else if (action === 'leave') await this.#leave(client);
    else if (this.#mine.length > 0) {
      const [topic, partition] = random.pick(this.#mine).split('/') as [string, string];
      if (action === 'commit') await this.#commit(client, topic, Number(partition));
      else await checkOffset(this.#world, client, this.#options.group, topic, Number(partition));
    }
  }

  async #heartbeat(client: ProtocolClient): Promise<void> {
    const { group, instanceId } = this.#options;
    const { errorCode } = await client.request(ApiKeys.Heartbeat, 3, {
      groupId: group,
      generationId: this.#generation,
      memberId: this.#memberId,
      groupInstanceId: instanceId,
    });
    this.#noteError(errorName(errorCode));
  }

  async #leave(client: ProtocolClient): Promise<void> {
    const { group, instanceId } = this.#options;
    // A static member goes away without a word.
    if (instanceId === null) {
      await client.request(ApiKeys.LeaveGroup, 3, {
        groupId: group,
        members: [{ memberId: this.#memberId, groupInstanceId: null, reason: null }],
      });
    }
    this.#memberId = '';
    this.#generation = -1;
  }

  /** Commits the high watermark: what a consumer has read lies below it. */
  async #commit(client: ProtocolClient, name: string, partition: number): Promise<void> {
    const { group, instanceId, random } = this.#options;
    const { ledger, trace } = this.#world;
    const topic = ledger.topic(name);
    const { knownId, version } = topic;
    const checker = knownId === undefined ? undefined : ledger.checker(topic, knownId, partition);
    const visibleBefore = checker?.visibleEnd ?? 0;
    const listed = await client.request(ApiKeys.ListOffsets, 1 + random.below(9), {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name, partitions: [{ partitionIndex: partition, timestamp: -1 }] }],
    });
    const end = listed.topics[0]!.partitions[0]!;
    if (end.errorCode !== 0) return;
    // The request was by name: the name may have belonged to another topic meanwhile.
    if (topic.isStill(version)) checker?.sawHighWatermark(end.offset, visibleBefore);
    const write = ledger.offset(group, name, partition).write(end.offset);
    const answer = await client.request(ApiKeys.OffsetCommit, COMMIT_VERSION, {
      groupId: group,
      generationIdOrMemberEpoch: this.#generation,
      memberId: this.#memberId,
      groupInstanceId: instanceId,
      topics: [
        {
          name,
          partitions: [
            { partitionIndex: partition, committedOffset: end.offset, committedMetadata: '' },
          ],
        },
      ],
    });
    const error = errorName(answer.topics[0]!.partitions[0]!.errorCode);
    trace.add(`${group} commits ${end.offset} of ${name}-${partition}: ${error}`);
    if (error === 'NONE') write.acknowledge();
    else if (isFencing(error) || error === 'UNKNOWN_TOPIC_OR_PARTITION') write.refuse();
    this.#noteError(error);
  }

  #noteError(error: string): void {
    if (error === 'NONE' || error === 'REBALANCE_IN_PROGRESS') {
      if (error !== 'NONE') this.#generation = -1;
      return;
    }
    if (error === 'UNKNOWN_TOPIC_OR_PARTITION') return;
    this.#generation = -1;
    if (isFencing(error)) this.#memberId = '';
    else if (!RETRIABLE.has(error)) throw new Violation(`${this.#options.group}: ${error}`);
  }
}

const RETRIABLE = new Set([
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR',
  'UNKNOWN_SERVER_ERROR',
]);

function isFencing(error: string): boolean {
  return (
    error === 'UNKNOWN_MEMBER_ID' ||
    error === 'ILLEGAL_GENERATION' ||
    error === 'FENCED_INSTANCE_ID' ||
    error === 'REBALANCE_IN_PROGRESS'
  );
}

/** Reads a group's committed offset and checks it. */
export async function checkOffset(
  world: BrokerWorld,
  client: ProtocolClient,
  group: string,
  name: string,
  partition: number,
): Promise<number | undefined> {
  const register = world.ledger.offset(group, name, partition);
  const begun = register.begin();
  const answer = await client.request(ApiKeys.OffsetFetch, OFFSET_FETCH_VERSION, {
    groupId: group,
    topics: [{ name, partitionIndexes: [partition] }],
    requireStable: false,
  });
  if (answer.errorCode !== 0) return undefined;
  const found = answer.topics[0]!.partitions[0]!;
  if (found.errorCode !== 0) return undefined;
  world.trace.add(`${group} has committed ${found.committedOffset} of ${name}-${partition}`);
  register.read(found.committedOffset, begun);
  return found.committedOffset;
}
