/** Reasons told apart; records with further ones are counted without their words. */
const REASONS_MAX = 200;
/** Reasons that are spelled out, the commonest first. */
const REASONS_SHOWN = 3;

/** Why records were given up: how many for which reason. */
export class ReasonCounts {
  readonly #counts = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(reason: string): void {
    this.#total += 1;
    const count = this.#counts.get(reason) ?? 0;
    if (count > 0 || this.#counts.size < REASONS_MAX) {
      this.#counts.set(reason, count + 1);
    }
  }

  clear(): void {
    this.#counts.clear();
    this.#total = 0;
  }

  /** `1 record: …`, `12 records: …`, `12 records: 9 × …, 3 × …`, `… and 4 for other reasons`. */
  words(): string {
    const records = this.#total === 1 ? '1 record' : `${this.#total} records`;
    const shown = [...this.#counts].sort(([, a], [, b]) => b - a).slice(0, REASONS_SHOWN);
    const [first] = shown;
    if (first !== undefined && first[1] === this.#total) {
      return `${records}: ${first[0]}`;
    }
    const parts = shown.map(([reason, count]) => `${count} × ${reason}`);
    const others = this.#total - shown.reduce((sum, [, count]) => sum + count, 0);
    return `${records}: ${parts.join(', ')}${others > 0 ? `, and ${others} for other reasons` : ''}`;
  }
}
