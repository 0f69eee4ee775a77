/** What has to be done to undo the changes of the unit of work that is under way. */
export class UndoLog {
  readonly #steps: Array<() => void> = [];
  #unit = 0;
  #open = false;

  /** Number of the unit that is under way, or of the last one. */
  get unit(): number {
    return this.#unit;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  begin(): void {
    if (this.#open) {
      throw new Error('a unit of work began inside of another');
    }
    this.#open = true;
    this.#unit += 1;
  }

  end(): void {
    this.#open = false;
    this.#steps.length = 0;
  }

  add(step: () => void): void {
    if (this.#open) this.#steps.push(step);
  }

  rollback(): void {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      step();
    }
    this.#open = false;
  }
}
