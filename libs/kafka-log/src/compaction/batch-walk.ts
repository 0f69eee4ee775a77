import { isRecordBatchIntact, RECORD_BATCH_HEADER_BYTES } from '@penstock/kafka-protocol';
import * as header from '../batch-header.ts';
import { readAll } from '../whole-file.ts';
import type { Files } from '../files.ts';
import type { Segment } from '../segment.ts';

const CHUNK_SIZE = 512 * 1024;

/**
 * Goes through the batches of a sealed segment one by one, each checked by its CRC, so that whoever
 * uses it can pause between two. Holds no descriptor over a pause. Stretches known to be damaged
 * are stepped over.
 */
export class BatchWalk {
  /** Holds the current batch at `at`, until the next step. */
  bytes = Buffer.allocUnsafe(CHUNK_SIZE);
  at = 0;
  size = 0;
  /** Where the next batch begins; of bad bytes, where these do. */
  position: number;
  /** The least offset it can have. */
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

  /** Moves to the next batch; false at the end. What is wrong with bad bytes comes as a text. */
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
