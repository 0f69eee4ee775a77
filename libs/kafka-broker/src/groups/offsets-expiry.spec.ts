import { silentLogger } from '@penstock/kafka-log';
import { SimulatedClock } from '@penstock/kafka-log/faults';
import { expect, test } from 'vitest';
import { GroupCoordinator } from './group-coordinator.ts';

const HOUR_MS = 3_600_000;
const RETENTION_MS = 24 * HOUR_MS;

/** A coordinator whose groups commit without members, on a clock that can be set wrong. */
class Offsets {
  readonly clock = new SimulatedClock();
  /** What is believed where it differs from the clock. */
  believedMs: number | undefined;
  readonly coordinator = new GroupCoordinator({
    clock: this.clock,
    steadyNow: () => this.believedMs ?? this.clock.now(),
    logger: silentLogger,
    newUuid: () => 'id',
    write: () => Promise.resolve(),
    settings: {
      initialRebalanceDelayMs: () => 0,
      minSessionTimeoutMs: () => 6_000,
      maxSessionTimeoutMs: () => 1_800_000,
      maxSize: () => 1_000,
      offsetMetadataMaxBytes: () => 4_096,
      offsetsRetentionMs: () => RETENTION_MS,
    },
  });

  commit(groupId: string, retentionMs: number | null = null): Promise<number[]> {
    const committer = { generationId: -1, memberId: '', groupInstanceId: null };
    const offset = { topic: 't', partition: 0, offset: 1, leaderEpoch: -1, metadata: '' };
    return this.coordinator.offsets.commit(groupId, committer, 8, [{ ...offset, retentionMs }]);
  }

  async left(): Promise<string[]> {
    await this.coordinator.offsets.expire();
    const { offsets } = this.coordinator;
    return ['before', 'during', 'limited'].filter((id) => offsets.fetch(id, 't', 0) !== undefined);
  }
}

test.each([2 * HOUR_MS, 3650 * 24 * HOUR_MS])(
  'a clock that was %i ms ahead for a minute expires no offset and keeps none for ever',
  async (jumpMs) => {
    const world = new Offsets();
    await world.commit('before');
    world.believedMs = world.clock.now();
    world.clock.jump(jumpMs);
    await world.commit('during');
    await world.commit('limited', HOUR_MS);
    expect(await world.left()).toEqual(['before', 'during', 'limited']);
    world.clock.jump(-jumpMs);
    world.believedMs = undefined;
    expect(await world.left()).toEqual(['before', 'during', 'limited']);
    await world.clock.advance(RETENTION_MS - HOUR_MS);
    expect(await world.left()).toEqual(['before', 'during']);
    await world.clock.advance(2 * HOUR_MS);
    expect(await world.left()).toEqual([]);
  },
);
