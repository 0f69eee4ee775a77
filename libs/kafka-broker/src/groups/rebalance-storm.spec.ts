import { ErrorCodes } from '@penstock/kafka-protocol';
import { silentLogger } from '@penstock/kafka-log';
import { FakeClock, MemoryMetadataStore, settled } from '@penstock/testing';
import { describe, expect, test } from 'vitest';
import { newBrokerMetrics } from '../metrics.ts';
import { GroupCoordinator } from './group-coordinator.ts';
import { GroupWrites } from './group-writes.ts';

const PARTITIONS = 64;
const HEARTBEAT_MS = 3_000;
const SESSION_MS = 10_000;

describe('many members', () => {
  test('fifty that join at once are one group of one generation, and nothing is owned twice', async () => {
    const group = new Group();
    for (let index = 0; index < 50; index += 1) group.start(`m${index}`);
    await group.pass(20_000);
    expect(group.live.every((member) => member.isSettled)).toBe(true);
    expect(new Set(group.live.map((member) => member.generationId)).size).toBe(1);
    group.expectAllOwnedOnce();
  });

  test.each([1, 2, 3, 4, 5, 6])(
    'a storm of joins, leaves and deaths calms down (%i)',
    async (seed) => {
      const group = new Group();
      const random = randomFrom(seed);
      for (let index = 0; index < 10; index += 1) group.start(`m${index}`);
      for (let second = 0; second < 60; second += 1) {
        const choice = random();
        const member = group.live[Math.floor(random() * group.live.length)];
        if (choice < 0.45) group.start(`n${second}`);
        else if (choice < 0.7) member?.leave();
        else if (choice < 0.9) member?.die();
        else if (choice < 0.95) await group.restart();
        await group.pass(1_000);
        group.expectNothingOwnedTwice();
      }
      await group.pass(90_000);
      expect(group.live.length).toBeGreaterThan(0);
      expect(group.live.every((member) => member.isSettled)).toBe(true);
      group.expectAllOwnedOnce();
      expect(group.generations).toEqual(group.generations.toSorted((a, b) => a - b));
    },
  );

  test('five hundred groups', async () => {
    const broker = new Broker();
    const groups = Array.from({ length: 500 }, (_, index) => new Group(broker, `g${index}`));
    for (const group of groups) for (const name of ['a', 'b']) group.start(name);
    await groups[0]?.pass(8_000);
    for (const group of groups) group.expectAllOwnedOnce();
    expect(broker.coordinator.list().filter(({ state }) => state === 'Stable')).toHaveLength(500);
  });

  test('ten thousand partitions in one commit are stored and fetched', async () => {
    const broker = new Broker();
    const offsets = Array.from({ length: 10_000 }, (_, partition) => ({
      ...{ topic: 't', partition, offset: partition, leaderEpoch: 0, metadata: '' },
      retentionMs: null,
    }));
    const nobody = { generationId: -1, memberId: '', groupInstanceId: null };
    const errors = await broker.coordinator.offsets.commit('g', nobody, 9, offsets);
    expect(errors.every((error) => error === ErrorCodes.NONE)).toBe(true);
    await broker.restart();
    expect(broker.coordinator.offsets.fetch('g', 't', 9_999)?.offset).toBe(9_999);
  });
});

class Broker {
  readonly clock = new FakeClock(1_700_000_000_000);
  readonly #store = new MemoryMetadataStore();
  #ids = 0;
  coordinator = this.#newCoordinator();

  async restart(): Promise<void> {
    this.coordinator.close();
    this.coordinator = this.#newCoordinator();
    const { groups, offsets } = await this.#store.load();
    this.coordinator.restore(groups, offsets);
  }

  #newCoordinator(): GroupCoordinator {
    const { clock } = this;
    const writes = new GroupWrites({ store: this.#store, clock, metrics: newBrokerMetrics() });
    return new GroupCoordinator({
      clock,
      steadyNow: () => clock.now(),
      logger: silentLogger,
      newUuid: () => String((this.#ids += 1)),
      write: (changes) => writes.write(changes),
      settings: {
        initialRebalanceDelayMs: () => 3_000,
        minSessionTimeoutMs: () => 6_000,
        maxSessionTimeoutMs: () => 1_800_000,
        maxSize: () => 1_000,
        offsetMetadataMaxBytes: () => 4_096,
        offsetsRetentionMs: () => 60_000,
      },
    });
  }
}

/** A group with members that behave as consumers do. */
class Group {
  readonly broker: Broker;
  readonly groupId: string;
  /** As the members saw them come. */
  readonly generations: number[] = [];
  readonly #members: Member[] = [];

  constructor(broker = new Broker(), groupId = 'g') {
    this.broker = broker;
    this.groupId = groupId;
  }

  get live(): Member[] {
    return this.#members.filter((member) => member.isAlive);
  }

  start(name: string): void {
    const member = new Member(this, name);
    this.#members.push(member);
    void member.run();
  }

  /** Requests on their way are lost, as those of broken connections are. */
  async restart(): Promise<void> {
    await this.broker.restart();
    for (const member of this.live) member.reconnect();
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      await this.broker.clock.advance(500);
      await settled();
    }
  }

  /** Of those who were assigned something in the same generation, no two have the same. */
  expectNothingOwnedTwice(): void {
    const owners = new Map<string, string>();
    for (const member of this.live) {
      for (const partition of member.owned) {
        const key = `${member.generationId}/${partition}`;
        expect(owners.get(key), key).toBeUndefined();
        owners.set(key, member.name);
      }
    }
  }

  expectAllOwnedOnce(): void {
    this.expectNothingOwnedTwice();
    const owned = this.live.flatMap((member) => member.owned);
    expect(owned.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: PARTITIONS }, (_, partition) => partition),
    );
  }
}

class Member {
  readonly name: string;
  readonly #group: Group;
  #memberId = '';
  #connection = Promise.withResolvers<'lost'>();
  generationId = -1;
  owned: readonly number[] = [];
  isAlive = true;
  isSettled = false;

  constructor(group: Group, name: string) {
    this.#group = group;
    this.name = name;
  }

  get #coordinator(): GroupCoordinator {
    return this.#group.broker.coordinator;
  }

  leave(): void {
    this.die();
    const { groupId } = this.#group;
    this.#coordinator.leave(groupId, [{ memberId: this.#memberId, groupInstanceId: null }]);
  }

  /** Sends nothing more; the coordinator is not told. */
  die(): void {
    this.isAlive = false;
    this.owned = [];
  }

  reconnect(): void {
    this.#connection.resolve('lost');
    this.#connection = Promise.withResolvers();
  }

  async run(): Promise<void> {
    while (this.isAlive) {
      this.isSettled = false;
      this.owned = [];
      if (await this.#join()) await this.#heartbeats();
    }
  }

  async #join(): Promise<boolean> {
    const { groupId, generations } = this.#group;
    const joined = await this.#ask(
      this.#coordinator.join({
        ...{ groupId, memberId: this.#memberId, groupInstanceId: null },
        ...{ clientId: this.name, clientHost: '/127.0.0.1', protocolType: 'consumer' },
        protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
        ...{ sessionTimeoutMs: SESSION_MS, rebalanceTimeoutMs: 30_000 },
        ...{ requiresKnownMemberId: true, supportsSkippingAssignment: true, reason: null },
      }),
    );
    if (joined === 'lost' || !this.isAlive) return false;
    if (joined.error !== ErrorCodes.NONE) {
      if (joined.error === ErrorCodes.MEMBER_ID_REQUIRED) this.#memberId = joined.memberId;
      if (joined.error === ErrorCodes.UNKNOWN_MEMBER_ID) this.#memberId = '';
      return false;
    }
    const { generationId, memberId, leaderId, members } = joined;
    this.#memberId = memberId;
    const assignments = new Map<string, Buffer>(
      members.map((each) => [each.memberId, Buffer.alloc(0)]),
    );
    if (leaderId === memberId) {
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        const to = members[partition % members.length]?.memberId ?? '';
        const before = assignments.get(to) ?? Buffer.alloc(0);
        assignments.set(to, Buffer.concat([before, Buffer.from([partition])]));
      }
    }
    const synced = await this.#ask(
      this.#coordinator.sync({
        ...{ groupId, generationId, memberId, groupInstanceId: null },
        ...{ protocolType: 'consumer', protocolName: 'range', assignments },
      }),
    );
    if (synced === 'lost' || !this.isAlive) return false;
    if (synced.error === ErrorCodes.UNKNOWN_MEMBER_ID) this.#memberId = '';
    if (synced.error !== ErrorCodes.NONE) return false;
    generations.push(generationId);
    this.generationId = generationId;
    this.owned = [...synced.assignment];
    this.isSettled = true;
    return true;
  }

  async #heartbeats(): Promise<void> {
    const { broker, groupId } = this.#group;
    while (this.isAlive) {
      await new Promise<void>((resolve) => void broker.clock.schedule(HEARTBEAT_MS, resolve));
      if (!this.isAlive) return;
      const { generationId } = this;
      const member = { groupId, generationId, memberId: this.#memberId, groupInstanceId: null };
      const error = this.#coordinator.heartbeat(member);
      if (error === ErrorCodes.UNKNOWN_MEMBER_ID) this.#memberId = '';
      if (error !== ErrorCodes.NONE) return;
    }
  }

  #ask<T>(answer: Promise<T>): Promise<T | 'lost'> {
    return Promise.race([answer, this.#connection.promise]);
  }
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
