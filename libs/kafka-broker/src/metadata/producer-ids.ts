import type { MetadataStore } from './metadata-store.ts';

const SETTING = 'next.producer.id';
const BLOCK = 1000;

/**
 * Producer ids, never given twice: they are taken from blocks, and a block is durable in the store
 * before its first id is given out. What is left of a block at a crash is lost.
 */
export class ProducerIds {
  readonly #store: MetadataStore;
  #next: number;
  #blockEnd: number;
  #reserving: Promise<void> | null = null;

  constructor(store: MetadataStore, settings: ReadonlyMap<string, string>) {
    this.#store = store;
    this.#next = Number(settings.get(SETTING) ?? 0);
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
    await this.#store.putSetting(SETTING, String(end));
    this.#blockEnd = end;
  }
}
