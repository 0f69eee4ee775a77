import type { Clock, Logger } from '@penstock/kafka-log';
import type { GroupChange } from '../metadata/metadata-store.ts';
import { ClassicGroup } from './classic-group.ts';

export interface GroupRegistryOptions {
  clock: Clock;
  logger: Logger;
  /** Makes changes durable, in order; resolves when they are. */
  write: (changes: GroupChange[]) => Promise<void>;
}

/**
 * All groups of this broker, and the way their changes become durable.
 *
 * Changes are written in the order of the calls, and their promises resolve in that order. A caller
 * that applies a change to memory when its promise resolves therefore keeps memory equal to the
 * database.
 */
export class GroupRegistry {
  readonly #options: GroupRegistryOptions;
  readonly #groups = new Map<string, ClassicGroup>();
  /**
   * Groups whose last state could not be written; the next write of any group brings them along.
   */
  readonly #unsaved = new Set<ClassicGroup>();

  constructor(options: GroupRegistryOptions) {
    this.#options = options;
  }

  get(groupId: string): ClassicGroup | undefined {
    return this.#groups.get(groupId);
  }

  /** Makes an empty group without a protocol type. It is written, but not waited for. */
  create(groupId: string): ClassicGroup {
    const group = this.getOrCreate(groupId);
    this.saveSoon(group);
    return group;
  }

  /** The group, or an empty one that exists for its offsets only. */
  getOrCreate(groupId: string): ClassicGroup {
    let group = this.#groups.get(groupId);
    if (!group) {
      group = new ClassicGroup(groupId, this.#options.clock.now());
      this.#groups.set(groupId, group);
    }
    return group;
  }

  add(group: ClassicGroup): void {
    this.#groups.set(group.groupId, group);
  }

  all(): ClassicGroup[] {
    return [...this.#groups.values()];
  }

  /** Takes back a group that was made for a request that failed. */
  forget(group: ClassicGroup): void {
    if (this.#groups.get(group.groupId) === group) this.#groups.delete(group.groupId);
    this.#unsaved.delete(group);
  }

  /** Resolves once the changes, and all before them, are durable; rejects when they are not. */
  async write(changes: GroupChange[]): Promise<void> {
    const late = [...this.#unsaved];
    const first = late.map((group) => ({ kind: 'saveGroup', group: group.snapshot() }) as const);
    this.#unsaved.clear();
    try {
      await this.#options.write([...first, ...changes]);
    } catch (error) {
      for (const group of late) {
        if (this.#groups.get(group.groupId) === group) this.#unsaved.add(group);
      }
      throw error;
    }
  }

  /** Resolves once everything that was written before is durable or has failed. */
  async settled(): Promise<void> {
    await this.#options.write([]).catch(() => {});
  }

  /**
   * Writes a group's state in the background. If that fails the group goes on, and is written with
   * the next change of any group.
   */
  saveSoon(group: ClassicGroup): void {
    this.write([{ kind: 'saveGroup', group: group.snapshot() }]).catch((error: unknown) => {
      this.#options.logger.error({ err: error, group: group.groupId }, 'group not stored');
      if (this.#groups.get(group.groupId) === group) this.#unsaved.add(group);
    });
  }

  /**
   * Deletes an empty group with its offsets, together with other changes. While that is written
   * the group is Dead, so that nothing can be added to it that would be lost.
   * @throws what the store throws; then the group is as it was
   */
  async delete(groups: readonly ClassicGroup[], others: GroupChange[] = []): Promise<void> {
    const now = this.#options.clock.now();
    const since = groups.map((group) => group.stateTimestamp);
    for (const group of groups) group.transitionTo('Dead', now);
    const deletions = groups.map(({ groupId }) => ({ kind: 'deleteGroup', groupId }) as const);
    try {
      await this.write([...others, ...deletions]);
    } catch (error) {
      groups.forEach((group, index) => group.transitionTo('Empty', since[index] ?? now));
      throw error;
    }
    for (const group of groups) this.forget(group);
  }
}
