import type { DataIdentityFile } from './data-identity.ts';
import type { MetadataStore } from './metadata-store.ts';

const SETTING = 'next.producer.id';
const BLOCK = 1000;

/**
 * Producer ids, each given out once. They are taken from blocks; a block is durable in the store
 * and beside the records before its first id is given out, and a crash loses the rest of it. If a
 * store restored from a backup gave out an id again, the log would take the new producer's records
 * for duplicates and drop them.
 */
export class ProducerIds {
  readonly #store: MetadataStore;
  readonly #identity: DataIdentityFile;
  #next: number;
  #blockEnd: number;
  #reserving: Promise<void> | null = null;

  constructor(
    store: MetadataStore,
    settings: ReadonlyMap<string, string>,
    identity: DataIdentityFile,
  ) {
    this.#store = store;
    this.#identity = identity;
    this.#next = Math.max(Number(settings.get(SETTING) ?? 0), identity.known.nextProducerId);
    this.#blockEnd = this.#next;
  }

  async take(): Promise<number> {
    while (this.#next >= this.#blockEnd) {
      this.#reserving ??= this.#reserve().finally(() => (this.#reserving = null));
      await this.#reserving;
    }
    return this.#next++;
  }

  async #reserve(): Promise<void> {
    const end = this.#blockEnd + BLOCK;
    this.#identity.write({ nextProducerId: end });
    await this.#store.putSetting(SETTING, String(end));
    this.#blockEnd = end;
  }
}
