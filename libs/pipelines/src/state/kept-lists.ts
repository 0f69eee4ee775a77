import type { KeyedSpace } from './keyed-space.ts';

/** Values of one entry of the space: what is written again when one of them comes or changes. */
const CHUNK = 16;

/**
 * Lists by name, in pieces, so that a list which grows long costs no more to add to. A value must
 * survive JSON, and is not changed in place.
 */
export class KeptLists<Value> {
  readonly #space: KeyedSpace;

  constructor(space: KeyedSpace) {
    this.#space = space;
  }

  lengthOf(name: string): number {
    return (this.#space.get(lengthKey(name)) as number | undefined) ?? 0;
  }

  /** The values of a list, in the order in which they came; empty when there is none. */
  at(name: string): readonly Value[] {
    const chunks = Math.ceil(this.lengthOf(name) / CHUNK);
    if (chunks === 1) return this.#chunk(name, 0);
    return Array.from({ length: chunks }, (_, index) => this.#chunk(name, index)).flat();
  }

  push(name: string, value: Value): void {
    const length = this.lengthOf(name);
    const index = Math.floor(length / CHUNK);
    const chunk = length % CHUNK === 0 ? [] : this.#chunk(name, index);
    this.#space.set(chunkKey(name, index), [...chunk, value]);
    this.#space.set(lengthKey(name), length + 1);
  }

  /** Replaces the values of a list for which there is another; null leaves one as it is. */
  replace(name: string, next: (value: Value) => Value | null): void {
    const chunks = Math.ceil(this.lengthOf(name) / CHUNK);
    for (let index = 0; index < chunks; index++) {
      let changed = false;
      const values = this.#chunk(name, index).map((value) => {
        const other = next(value);
        changed ||= other !== null;
        return other ?? value;
      });
      if (changed) this.#space.set(chunkKey(name, index), values);
    }
  }

  remove(name: string): void {
    const chunks = Math.ceil(this.lengthOf(name) / CHUNK);
    for (let index = 0; index < chunks; index++) {
      this.#space.set(chunkKey(name, index), undefined);
    }
    this.#space.set(lengthKey(name), undefined);
  }

  /** Reads what is kept as a whole. */
  names(): string[] {
    const names: string[] = [];
    for (const [key] of this.#space.entries()) {
      if (key.startsWith(LENGTH)) names.push(key.slice(LENGTH.length));
    }
    return names;
  }

  #chunk(name: string, index: number): readonly Value[] {
    return this.#space.get(chunkKey(name, index)) as readonly Value[];
  }
}

const LENGTH = 'length ';

function lengthKey(name: string): string {
  return LENGTH + name;
}

function chunkKey(name: string, index: number): string {
  return `${index} ${name}`;
}
