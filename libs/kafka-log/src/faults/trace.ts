/** How many of the last lines a failure shows. */
const TAIL = 60;

/** A promise that was broken; what a schedule is played to find. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/**
 * What happened in a schedule, line by line, with a hash over all of it: the same seed must give
 * the same hash.
 */
export class Trace {
  readonly #now: () => number;
  readonly #print: ((line: string) => void) | undefined;
  readonly #tail: string[] = [];
  #hash = 0x811c9dc5;
  #count = 0;

  /** @param print gets every line at once, for replaying one seed */
  constructor(now: () => number, print?: (line: string) => void) {
    this.#now = now;
    this.#print = print;
  }

  /** FNV-1a over all lines. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  get count(): number {
    return this.#count;
  }

  /** The last lines. */
  get tail(): readonly string[] {
    return this.#tail;
  }

  add(text: string): void {
    const line = `${this.#now().toFixed(1).padStart(10)} ms  ${text}`;
    this.#count++;
    let hash = this.#hash;
    for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193);
    this.#hash = hash;
    this.#print?.(line);
    this.#tail.push(line);
    if (this.#tail.length > TAIL) this.#tail.shift();
  }
}
