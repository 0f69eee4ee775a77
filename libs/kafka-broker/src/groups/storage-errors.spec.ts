import { errorName, ErrorCodes } from '@penstock/kafka-protocol';
import { silentLogger } from '@penstock/kafka-log';
import { FakeClock, MemoryMetadataStore, settled } from '@penstock/testing';
import { expect, test } from 'vitest';
import { newBrokerMetrics } from '../metrics.ts';
import { GroupCoordinator } from './group-coordinator.ts';
import { GroupWrites } from './group-writes.ts';
import type { JoinRequest } from './group-results.ts';

/** What a full disk looks like from here: nothing can be written, until it can again. */

test('a commit that cannot be stored is refused with a code that clients retry, and not seen', async () => {
  const broker = await Broker.start();
  expect(await broker.commit('g', 1)).toBe('NONE');
  broker.isFull = true;
  expect(await broker.commit('g', 2)).toBe('COORDINATOR_NOT_AVAILABLE');
  expect(await broker.commit('other', 2)).toBe('COORDINATOR_NOT_AVAILABLE');
  expect(broker.committed('g')).toBe(1);
  expect(broker.coordinator.list().map(({ groupId }) => groupId)).toEqual(['g']);
  broker.isFull = false;
  expect(await broker.commit('g', 3)).toBe('NONE');
  expect(broker.committed('g')).toBe(3);
  expect(broker.metrics).toMatchObject({ groupCommitsTotal: 2, groupCommitErrorsTotal: 2 });
  await broker.restart();
  expect(broker.committed('g')).toBe(3);
});

test('what cannot be deleted is as it was', async () => {
  const broker = await Broker.start();
  await broker.commit('g', 1);
  const { coordinator } = broker;
  broker.isFull = true;
  expect(await coordinator.delete('g')).toBe(ErrorCodes.COORDINATOR_NOT_AVAILABLE);
  const partition = [{ topic: 't', partition: 0 }];
  const refused = { error: ErrorCodes.COORDINATOR_NOT_AVAILABLE, partitions: [] };
  expect(await coordinator.offsets.delete('g', partition)).toEqual(refused);
  await broker.clock.advance(120_000);
  await expect(coordinator.offsets.expire()).rejects.toThrow('disk full');
  expect(broker.committed('g')).toBe(1);
  expect(coordinator.describe('g').state).toBe('Empty');
  broker.isFull = false;
  await coordinator.offsets.expire();
  expect(broker.committed('g')).toBeUndefined();
  expect(coordinator.list()).toEqual([]);
});

test('while a group is being deleted nothing can be added that would be lost', async () => {
  const broker = await Broker.start();
  await broker.commit('g', 1);
  const deletion = broker.coordinator.delete('g');
  expect(await broker.commit('g', 2)).toBe('COORDINATOR_NOT_AVAILABLE');
  expect((await broker.join('g')).error).toBe(ErrorCodes.COORDINATOR_NOT_AVAILABLE);
  expect(await deletion).toBe(ErrorCodes.NONE);
  expect(await broker.commit('g', 3)).toBe('NONE');
  await broker.restart();
  expect(broker.committed('g')).toBe(3);
});

test('what is being committed does not expire with what was there before', async () => {
  const broker = await Broker.start();
  await broker.commit('g', 1);
  await broker.clock.advance(120_000);
  const commits = [broker.commit('g', 2), broker.commit('new', 3)];
  await broker.coordinator.offsets.expire();
  expect(await Promise.all(commits)).toEqual(['NONE', 'NONE']);
  await broker.restart();
  expect([broker.committed('g'), broker.committed('new')]).toEqual([2, 3]);
});

test('an assignment that cannot be stored makes its members join again', async () => {
  const broker = await Broker.start();
  const { memberId } = await broker.join('g');
  broker.isFull = true;
  const synced = await broker.sync('g', memberId, 1);
  expect(errorName(synced.error)).toBe('COORDINATOR_NOT_AVAILABLE');
  expect(broker.coordinator.describe('g').state).toBe('PreparingRebalance');
  broker.isFull = false;
  const rejoined = await broker.join('g', { memberId });
  expect(rejoined).toMatchObject({ error: ErrorCodes.NONE, generationId: 2, memberId });
  expect((await broker.sync('g', memberId, 2)).error).toBe(ErrorCodes.NONE);
});

test('a static member whose new id cannot be stored keeps its old one', async () => {
  const broker = await Broker.start();
  const { memberId } = await broker.join('g', { groupInstanceId: 'i' });
  await broker.sync('g', memberId, 1);
  broker.isFull = true;
  const refused = await broker.join('g', { groupInstanceId: 'i' });
  expect(errorName(refused.error)).toBe('COORDINATOR_NOT_AVAILABLE');
  const beat = { groupId: 'g', memberId, generationId: 1, groupInstanceId: 'i' };
  expect(broker.coordinator.heartbeat(beat)).toBe(ErrorCodes.NONE);
  broker.isFull = false;
  const replaced = await broker.join('g', { groupInstanceId: 'i' });
  expect(replaced).toMatchObject({ error: ErrorCodes.NONE, generationId: 1, skipAssignment: true });
  expect(broker.coordinator.heartbeat(beat)).toBe(ErrorCodes.FENCED_INSTANCE_ID);
});

test('a group that became empty meanwhile is written with the next change', async () => {
  const broker = await Broker.start();
  const { memberId } = await broker.join('g');
  await broker.sync('g', memberId, 1);
  broker.isFull = true;
  broker.coordinator.leave('g', [{ memberId, groupInstanceId: null }]);
  await settled();
  broker.isFull = false;
  await broker.commit('other', 1);
  await broker.restart();
  expect(broker.coordinator.describe('g')).toMatchObject({ state: 'Empty', members: [] });
  expect((await broker.join('g')).generationId).toBe(3);
});

class Broker {
  readonly clock = new FakeClock(1_700_000_000_000);
  readonly metrics = newBrokerMetrics();
  isFull = false;
  readonly #store = new MemoryMetadataStore();
  #ids = 0;
  coordinator = this.#newCoordinator();

  static async start(): Promise<Broker> {
    const broker = new Broker();
    broker.#store.beforeWrite = () => {
      if (broker.isFull) throw new Error('disk full');
    };
    await broker.restart();
    return broker;
  }

  async restart(): Promise<void> {
    this.coordinator.close();
    this.coordinator = this.#newCoordinator();
    const { groups, offsets } = await this.#store.load();
    this.coordinator.restore(groups, offsets);
  }

  async commit(groupId: string, offset: number): Promise<string> {
    const nobody = { generationId: -1, memberId: '', groupInstanceId: null };
    const what = { topic: 't', partition: 0, offset, leaderEpoch: -1, metadata: '' };
    const { offsets } = this.coordinator;
    const errors = await offsets.commit(groupId, nobody, 9, [{ ...what, retentionMs: null }]);
    return errors.map((error) => errorName(error)).join(' ');
  }

  committed(groupId: string): number | undefined {
    return this.coordinator.offsets.fetch(groupId, 't', 0)?.offset;
  }

  async join(groupId: string, fields: Partial<JoinRequest> = {}) {
    const joining = this.coordinator.join({
      ...{ groupId, memberId: '', groupInstanceId: null, clientId: 'c', clientHost: '/127.0.0.1' },
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
      ...{ sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 60_000, reason: null },
      ...{ requiresKnownMemberId: false, supportsSkippingAssignment: true },
      ...fields,
    });
    await this.clock.advance(0);
    return joining;
  }

  sync(groupId: string, memberId: string, generationId: number) {
    return this.coordinator.sync({
      ...{ groupId, memberId, generationId, groupInstanceId: null },
      ...{ protocolType: 'consumer', protocolName: 'range' },
      assignments: new Map([[memberId, Buffer.from('all')]]),
    });
  }

  #newCoordinator(): GroupCoordinator {
    const { clock, metrics } = this;
    const writes = new GroupWrites({ store: this.#store, clock, metrics });
    return new GroupCoordinator({
      clock,
      steadyNow: () => clock.now(),
      logger: silentLogger,
      newUuid: () => String((this.#ids += 1)),
      write: (changes) => writes.write(changes),
      settings: {
        initialRebalanceDelayMs: () => 0,
        minSessionTimeoutMs: () => 6_000,
        maxSessionTimeoutMs: () => 1_800_000,
        maxSize: () => 1_000,
        offsetMetadataMaxBytes: () => 4_096,
        offsetsRetentionMs: () => 60_000,
      },
    });
  }
}
