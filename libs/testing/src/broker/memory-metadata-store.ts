import type {
  GroupChange,
  MetadataStore,
  StoredGroup,
  StoredMetadata,
  StoredOffset,
  StoredTopic,
} from '@penstock/kafka-broker';

/**
 * The broker's metadata in memory, for brokers inside a test. Given to a second broker after the
 * first has ended, it stands for a restart. `beforeWrite` may delay or fail any write.
 */
export class MemoryMetadataStore implements MetadataStore {
  beforeWrite: (operation: string) => void | Promise<void> = () => {};
  readonly #settings = new Map<string, string>();
  readonly #topics = new Map<string, StoredTopic>();
  readonly #groups = new Map<string, StoredGroup>();
  readonly #offsets = new Map<string, StoredOffset>();
  #brokerConfigs: ReadonlyMap<string, string> = new Map();

  load(): Promise<StoredMetadata> {
    return Promise.resolve({
      settings: new Map(this.#settings),
      topics: [...this.#topics.values()],
      brokerConfigs: this.#brokerConfigs,
      groups: [...this.#groups.values()],
      offsets: [...this.#offsets.values()],
    });
  }

  async putSetting(name: string, value: string): Promise<void> {
    await this.beforeWrite('putSetting');
    this.#settings.set(name, value);
  }

  async createTopic(topic: StoredTopic): Promise<void> {
    await this.beforeWrite('createTopic');
    if ([...this.#topics.values()].some(({ name }) => name === topic.name)) {
      throw new Error(`topic ${topic.name} exists`);
    }
    this.#topics.set(topic.id, topic);
  }

  async setPartitionCount(topicId: string, partitionCount: number): Promise<void> {
    await this.beforeWrite('setPartitionCount');
    this.#change(topicId, { partitionCount });
  }

  async setTopicConfigs(topicId: string, configs: ReadonlyMap<string, string>): Promise<void> {
    await this.beforeWrite('setTopicConfigs');
    this.#change(topicId, { configs });
  }

  async markTopicDeleted(topicId: string): Promise<void> {
    await this.beforeWrite('markTopicDeleted');
    this.#change(topicId, { deleted: true });
  }

  async removeTopic(topicId: string): Promise<void> {
    await this.beforeWrite('removeTopic');
    this.#topics.delete(topicId);
  }

  async setBrokerConfigs(configs: ReadonlyMap<string, string>): Promise<void> {
    await this.beforeWrite('setBrokerConfigs');
    this.#brokerConfigs = configs;
  }

  async writeGroups(changes: readonly GroupChange[]): Promise<void> {
    await this.beforeWrite('writeGroups');
    for (const change of changes) this.#apply(change);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #change(topicId: string, fields: Partial<StoredTopic>): void {
    const topic = this.#topics.get(topicId);
    if (!topic) throw new Error(`no topic ${topicId}`);
    this.#topics.set(topicId, { ...topic, ...fields });
  }

  #apply(change: GroupChange): void {
    switch (change.kind) {
      case 'saveGroup':
        this.#groups.set(change.group.groupId, change.group);
        return;
      case 'deleteGroup':
        this.#groups.delete(change.groupId);
        for (const [key, offset] of this.#offsets) {
          if (offset.groupId === change.groupId) this.#offsets.delete(key);
        }
        return;
      case 'saveOffset':
        this.#offsets.set(offsetKey(change.offset), change.offset);
        return;
      case 'deleteOffset':
        this.#offsets.delete(offsetKey(change));
        return;
    }
  }
}

function offsetKey(of: { groupId: string; topic: string; partition: number }): string {
  return JSON.stringify([of.groupId, of.topic, of.partition]);
}
