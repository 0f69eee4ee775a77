import { Worker } from 'node:worker_threads';
import type {
  GroupChange,
  MetadataStore,
  StoredGroup,
  StoredMember,
  StoredMetadata,
  StoredTopic,
} from '@penstock/kafka-broker';
import type { GroupRow, GroupRowChange } from './group-tables.ts';
import type { MetadataDatabaseOptions } from './metadata-database.ts';
import type { LoadedMetadata } from './metadata-tables.ts';
import {
  fromFields,
  type MetadataAnswer,
  type MetadataCall,
  type MetadataRequest,
} from './metadata-messages.ts';

type Waiter = { resolve: (value: never) => void; reject: (error: Error) => void };

/**
 * The broker's metadata in broker.db, which a thread of its own writes, so that a slow disk makes
 * commits slow but not the broker. The thread begins to migrate and open the database at once; if
 * that fails, every call is rejected with the error.
 */
export class ThreadedMetadataStore implements MetadataStore {
  readonly #thread: Worker;
  readonly #waiting = new Map<number, Waiter>();
  /** Resolves if the thread ended by itself: nothing can be stored any more. */
  readonly failed: Promise<Error>;
  readonly #ended: Promise<void>;
  #lastId = 0;
  #failure: Error | undefined;
  #isClosing = false;

  constructor(options: MetadataDatabaseOptions) {
    this.#thread = new Worker(THREAD, {
      workerData: options,
      name: 'metadata',
      ...(IS_SOURCE && { execArgv: ['--conditions=source', '--no-warnings'] }),
    });
    const ended = Promise.withResolvers<void>();
    const failed = Promise.withResolvers<Error>();
    this.#ended = ended.promise;
    this.failed = failed.promise;
    this.#thread.on('message', (answer: MetadataAnswer) => this.#receive(answer));
    this.#thread.on('error', (error) => this.#fail(error));
    this.#thread.on('exit', (code) => {
      if (!this.#isClosing) this.#fail(new Error(`the metadata thread ended with code ${code}`));
      if (this.#failure) failed.resolve(this.#failure);
      ended.resolve();
    });
  }

  async load(): Promise<StoredMetadata> {
    const { groups, ...rest } = await this.#call<LoadedMetadata>('load');
    return { ...rest, groups: groups.map(fromRow) };
  }

  putSetting(name: string, value: string): Promise<void> {
    return this.#call('putSetting', name, value);
  }

  createTopic(topic: StoredTopic): Promise<void> {
    return this.#call('createTopic', topic);
  }

  setPartitionCount(topicId: string, partitionCount: number): Promise<void> {
    return this.#call('setPartitionCount', topicId, partitionCount);
  }

  setTopicConfigs(topicId: string, configs: ReadonlyMap<string, string>): Promise<void> {
    return this.#call('setTopicConfigs', topicId, configs);
  }

  markTopicDeleted(topicId: string): Promise<void> {
    return this.#call('markTopicDeleted', topicId);
  }

  removeTopic(topicId: string): Promise<void> {
    return this.#call('removeTopic', topicId);
  }

  setBrokerConfigs(configs: ReadonlyMap<string, string>): Promise<void> {
    return this.#call('setBrokerConfigs', configs);
  }

  writeGroups(changes: readonly GroupChange[]): Promise<void> {
    return this.#call('writeGroups', changes.map(toRowChange));
  }

  /** Carries out what was asked before, closes the database and ends the thread. */
  async close(): Promise<void> {
    if (!this.#isClosing) {
      // An error while closing is ignored: nobody uses the store any more.
      this.#call('close').catch(() => {});
      this.#isClosing = true;
    }
    await this.#ended;
  }

  #call<T = void>(call: MetadataCall, ...values: readonly unknown[]): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#isClosing) return Promise.reject(new Error('the metadata store is closed'));
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#thread.postMessage({ id, call, arguments: values } satisfies MetadataRequest);
    });
  }

  #receive(answer: MetadataAnswer): void {
    const waiter = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiter?.reject(fromFields(answer.error));
    else waiter?.resolve(answer.result as never);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiter of this.#waiting.values()) waiter.reject(this.#failure);
    this.#waiting.clear();
  }
}

/** Beside this file, as source in tests and as JavaScript in the process. */
const IS_SOURCE = import.meta.url.endsWith('.ts');
const THREAD = new URL(`./metadata-thread.${IS_SOURCE ? 'ts' : 'js'}`, import.meta.url);

/**
 * Members are sent as text: copying their buffers would copy the whole pools they are slices of.
 */
function toRowChange(change: GroupChange): GroupRowChange {
  if (change.kind !== 'saveGroup') return change;
  return { kind: 'saveGroup', group: toRow(change.group) };
}

function toRow(group: StoredGroup): GroupRow {
  const members = group.members.map((member) => ({
    ...member,
    assignment: member.assignment.toString('base64'),
    protocols: member.protocols.map(({ name, metadata }) => ({
      name,
      metadata: metadata.toString('base64'),
    })),
  }));
  return { ...group, members: JSON.stringify(members) };
}

type MemberText = Omit<StoredMember, 'assignment' | 'protocols'> & {
  assignment: string;
  protocols: { name: string; metadata: string }[];
};

function fromRow({ members, ...group }: GroupRow): StoredGroup {
  return {
    ...group,
    members: (JSON.parse(members) as MemberText[]).map((member) => ({
      ...member,
      assignment: Buffer.from(member.assignment, 'base64'),
      protocols: member.protocols.map(({ name, metadata }) => ({
        name,
        metadata: Buffer.from(metadata, 'base64'),
      })),
    })),
  };
}
