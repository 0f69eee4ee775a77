/** What is kept of an upstream task between runs. */
export interface KeptUpstream {
  readonly task: string;
  /** Number of the last message that was taken. */
  readonly sequence: number;
  /** Its watermark, ms since epoch; null before the first. */
  readonly watermark: number | null;
  /** Up to which time it can send nothing more that is not late; null before the first. */
  readonly settled: number | null;
  readonly idle: boolean;
}

/** What a task of the stage before has said of event time, in its own messages. */
export class UpstreamClock {
  readonly task: string;
  #sequence: number;
  #watermark: number;
  #settled: number;
  #idle: boolean;

  constructor(kept: KeptUpstream) {
    this.task = kept.task;
    this.#sequence = kept.sequence;
    this.#watermark = kept.watermark ?? -Infinity;
    this.#settled = kept.settled ?? -Infinity;
    this.#idle = kept.idle;
  }

  get watermark(): number {
    return this.#watermark;
  }

  get settled(): number {
    return this.#settled;
  }

  get isIdle(): boolean {
    return this.#idle;
  }

  /** Whether a message is new. One that was sent again after a crash is not. */
  take(sequence: number): boolean {
    if (sequence <= this.#sequence) return false;
    this.#sequence = sequence;
    return true;
  }

  say(watermark: number, settled: number, idle: boolean): void {
    this.#watermark = Math.max(this.#watermark, watermark);
    this.#settled = Math.max(this.#settled, settled);
    this.#idle = idle;
  }

  keep(): KeptUpstream {
    return {
      task: this.task,
      sequence: this.#sequence,
      watermark: finite(this.#watermark),
      settled: finite(this.#settled),
      idle: this.#idle,
    };
  }
}

function finite(time: number): number | null {
  return Number.isFinite(time) ? time : null;
}
