import { isRecordBatchIntact, RECORD_BATCH_HEADER_BYTES } from '@penstock/kafka-protocol';
import * as header from '../batch-header.ts';
import { readAll } from '../whole-file.ts';
import type { Files } from '../files.ts';
import type { Segment } from '../segment.ts';

const CHUNK_SIZE = 512 * 1024;

/**
 * Walks the batches of a sealed segment one by one and checks the CRC of each. The caller can pause
 * between two batches: no descriptor is held over a pause. Known damaged ranges are stepped over.
 */
export class BatchWalk {
  /** Holds the current batch at `at`, until the next step. */
  bytes = Buffer.allocUnsafe(CHUNK_SIZE);
  at = 0;
  size = 0;
  /** Where the next batch begins, or where the bad bytes begin that `next` found. */
  position: number;
  /** Least base offset that the next batch can have. */
  nextOffset: number;
  readonly #files: Files;
  readonly #segment: Segment;
  #windowStart = 0;
  #windowLength = 0;

  constructor(files: Files, segment: Segment, from: { position: number; nextOffset: number }) {
    this.#files = files;
    this.#segment = segment;
    this.position = from.position;
    this.nextOffset = from.nextOffset;
  }

  /** Moves to the next batch; false at the end. For bad bytes, a text that says why. */
  next(): boolean | string {
    const { damaged, sizeBytes } = this.#segment;
    for (const range of damaged) {
      if (range.fromPosition !== this.position || range.toOffset <= this.nextOffset) continue;
      this.position = range.toPosition;
      this.nextOffset = range.toOffset;
    }
    if (this.position >= sizeBytes) return false;
    if (!this.#holds(RECORD_BATCH_HEADER_BYTES)) return 'the header is cut off';
    this.at = this.position - this.#windowStart;
    if (!header.isPlausible(this.bytes, this.at, this.nextOffset)) {
      return 'the header is not that of a batch';
    }
    this.size = header.batchSizeAt(this.bytes, this.at);
    if (!this.#holds(this.size)) return 'the batch is cut off';
    this.at = this.position - this.#windowStart;
    if (!isRecordBatchIntact(this.bytes, this.at)) return 'the CRC does not match';
    this.position += this.size;
    this.nextOffset = header.lastOffsetAt(this.bytes, this.at) + 1;
    return true;
  }

  #holds(size: number): boolean {
    const { position } = this;
    const end = this.#windowStart + this.#windowLength;
    if (position >= this.#windowStart && position + size <= end) return true;
    const available = this.#segment.sizeBytes - position;
    if (size > available) return false;
    if (size > this.bytes.length) this.bytes = Buffer.allocUnsafe(size);
    const wanted = Math.min(this.bytes.length, available);
    const descriptor = this.#segment.descriptor();
    this.#windowStart = position;
    this.#windowLength = readAll(this.#files, descriptor, this.bytes, 0, wanted, position);
    return this.#windowLength >= size;
  }
}
