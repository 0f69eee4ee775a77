import { Random } from '@penstock/kafka-log/faults';

/** A repeatable source of choices: the same seed gives the same run. */
export class SeededRandom extends Random {
  readonly seed: number;

  constructor(seed: number) {
    super(seed);
    this.seed = seed;
  }

  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let index = 0; index < length; index++) bytes[index] = this.next() * 256;
    return bytes;
  }
}
