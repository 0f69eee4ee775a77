import type { Clock } from '@penstock/kafka-log';
import type { Random } from '@penstock/kafka-log/faults';
import type {
  GroupChange,
  MetadataStore,
  StoredGroup,
  StoredMetadata,
  StoredOffset,
  StoredTopic,
} from '../metadata/metadata-store.ts';

/** What is in the database file. */
export class StoredState {
  settings = new Map<string, string>();
  topics = new Map<string, StoredTopic>();
  brokerConfigs: ReadonlyMap<string, string> = new Map();
  groups = new Map<string, StoredGroup>();
  offsets = new Map<string, StoredOffset>();

  load(): StoredMetadata {
    const { settings, topics, brokerConfigs, groups, offsets } = this;
    return {
      settings: new Map(settings),
      brokerConfigs: new Map(brokerConfigs),
      topics: [...topics.values()],
      groups: [...groups.values()],
      offsets: [...offsets.values()],
    };
  }
}

interface Transaction {
  readonly name: string;
  readonly change: (state: StoredState) => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * SQLite with synchronous=FULL as a process sees it: one transaction after the other, each whole or
 * not at all, on the disk when its promise resolves. Commits may be slow and may fail; one that
 * failed may all the same be found after a crash, if none came behind it.
 */
export class SimulatedStore implements MetadataStore {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #state: StoredState;
  readonly #waiting: Transaction[] = [];
  #isRunning = false;
  #isDead = false;
  #failed: Transaction | undefined;
  commitMs = 1;
  failureChance = 0;
  /** Called before each commit: a place to crash. */
  onCommit: (name: string) => void = () => {};

  constructor(clock: Clock, random: Random, state: StoredState) {
    this.#clock = clock;
    this.#random = random;
    this.#state = state;
  }

  load(): Promise<StoredMetadata> {
    return Promise.resolve(this.#state.load());
  }

  putSetting(name: string, value: string): Promise<void> {
    return this.#write('putSetting', ({ settings }) => settings.set(name, value));
  }

  createTopic(topic: StoredTopic): Promise<void> {
    return this.#write('createTopic', ({ topics }) => {
      if ([...topics.values()].some(({ name }) => name === topic.name)) {
        throw new Error(`UNIQUE constraint failed: Topic.name ${topic.name}`);
      }
      topics.set(topic.id, topic);
    });
  }

  setPartitionCount(topicId: string, partitionCount: number): Promise<void> {
    return this.#changeTopic('setPartitionCount', topicId, { partitionCount });
  }

  setTopicConfigs(topicId: string, configs: ReadonlyMap<string, string>): Promise<void> {
    return this.#changeTopic('setTopicConfigs', topicId, { configs: new Map(configs) });
  }

  markTopicDeleted(topicId: string): Promise<void> {
    return this.#changeTopic('markTopicDeleted', topicId, { deleted: true });
  }

  removeTopic(topicId: string): Promise<void> {
    return this.#write('removeTopic', ({ topics }) => topics.delete(topicId));
  }

  setBrokerConfigs(configs: ReadonlyMap<string, string>): Promise<void> {
    return this.#write('setBrokerConfigs', (state) => (state.brokerConfigs = new Map(configs)));
  }

  writeGroups(changes: readonly GroupChange[]): Promise<void> {
    return this.#write('writeGroups', (state) => {
      for (const change of changes) applyGroupChange(state, change);
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The process is dead; the transaction that was under way may have come through. */
  died(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    const last = this.#isRunning ? this.#waiting[0] : this.#failed;
    if (last !== undefined && this.#random.chance(0.5)) {
      try {
        last.change(this.#state);
      } catch {
        // A transaction that breaks a constraint is rolled back.
      }
    }
  }

  #changeTopic(name: string, topicId: string, fields: Partial<StoredTopic>): Promise<void> {
    return this.#write(name, ({ topics }) => {
      const topic = topics.get(topicId);
      if (topic === undefined) throw new Error(`Record to update not found: ${topicId}`);
      topics.set(topicId, { ...topic, ...fields });
    });
  }

  #write(name: string, change: (state: StoredState) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isDead) return;
      this.#waiting.push({ name, change, resolve, reject });
      if (!this.#isRunning) this.#next();
    });
  }

  #next(): void {
    this.#isRunning = this.#waiting.length > 0;
    if (!this.#isRunning) return;
    this.#clock.schedule(this.#random.next() * this.commitMs, () => this.#commit());
  }

  #commit(): void {
    if (this.#isDead) return;
    const transaction = this.#waiting[0]!;
    this.onCommit(transaction.name);
    this.#waiting.shift();
    this.#failed = undefined;
    try {
      if (this.#random.chance(this.failureChance)) {
        this.#failed = transaction;
        throw new Error('SQLITE_IOERR: disk I/O error');
      }
      transaction.change(this.#state);
      transaction.resolve();
    } catch (error) {
      transaction.reject(error as Error);
    }
    this.#next();
  }
}

function applyGroupChange(state: StoredState, change: GroupChange): void {
  switch (change.kind) {
    case 'saveGroup':
      state.groups.set(change.group.groupId, change.group);
      return;
    case 'deleteGroup':
      state.groups.delete(change.groupId);
      for (const [key, { groupId }] of state.offsets) {
        if (groupId === change.groupId) state.offsets.delete(key);
      }
      return;
    case 'saveOffset':
      state.offsets.set(offsetKey(change.offset), change.offset);
      return;
    case 'deleteOffset':
      state.offsets.delete(offsetKey(change));
      return;
  }
}

function offsetKey(of: { groupId: string; topic: string; partition: number }): string {
  return JSON.stringify([of.groupId, of.topic, of.partition]);
}
