import { readRecordBatchHeader } from '@penstock/kafka-protocol';
import { replaceFileNow } from './atomic-file.ts';
import * as header from './batch-header.ts';
import { findNextBatch } from './batch-scan.ts';
import type { LogServices } from './log-services.ts';
import type { PartitionCheckpoint } from './partition-checkpoints.ts';
import { finishSwaps } from './compaction/segment-swap.ts';
import { ProducerStates } from './producer-states.ts';
import { Segment } from './segment.ts';
import { readAll, readFile, writeAll } from './whole-file.ts';

/** Offsets for which there are no bytes at all. */
export interface Gap {
  readonly fromOffset: number;
  readonly toOffset: number;
  readonly file: string;
  readonly reason: string;
}

/** A partition's log as found on the disk. */
export interface RecoveredLog {
  /** At least one; the last is the one to write to. */
  readonly segments: Segment[];
  readonly producers: ProducerStates;
  readonly logStartOffset: number;
  /** What the checkpoint vouches for: everything below `offset`, which lies in `segment`. */
  readonly durable: { offset: number; segment: Segment; position: number };
  readonly gaps: Gap[];
  /** Offsets of the snapshots present, rising. */
  readonly snapshots: number[];
  /** Segments with bytes the checkpoint does not vouch for. */
  readonly unsynced: Segment[];
}

export interface RecoveryInput {
  readonly services: LogServices;
  readonly directory: string;
  /** False for a partition that was never written to: there is nothing to look at. */
  readonly hasFolder: boolean;
  readonly checkpoint: PartitionCheckpoint | undefined;
  readonly indexIntervalBytes: number;
}

const SEGMENT_FILE = /^(\d{20})\.log$/;
const SNAPSHOT_FILE = /^(\d{20})\.snapshot$/;
const COPY_CHUNK_SIZE = 1024 * 1024;

/**
 * Recovers the log that a previous run left, after a clean shutdown as well as after a crash.
 *
 * Below the durable end of the checkpoint nothing is ever cut: unreadable bytes are kept, reported
 * and stepped over, and offsets are not assigned again even if their bytes are lost. Above it every
 * batch must match its CRC, and the log ends before the first that does not. A whole batch that has
 * only a wrong base offset does not end it before the segments that follow. Sealed segments below
 * it are read only from their last index entry on.
 */
export function recoverPartition(input: RecoveryInput): RecoveredLog {
  const { services, directory, hasFolder, checkpoint } = input;
  const found = hasFolder ? services.files.list(directory) : undefined;
  const names = finishSwaps(services, directory, found ?? []);
  const logStartOffset = checkpoint?.logStartOffset ?? 0;
  const durableEnd = Math.max(checkpoint?.durableEndOffset ?? 0, logStartOffset);
  const snapshots = offsetsOf(names, SNAPSHOT_FILE);
  for (const name of names) {
    if (name.endsWith('.snapshot.new')) services.files.unlinkNow(`${directory}/${name}`);
  }
  const bases = removeDeleted(input, offsetsOf(names, SEGMENT_FILE), snapshots, durableEnd);
  const segments: Segment[] = [];
  const gaps: Gap[] = [];
  const unsynced: Segment[] = [];
  for (const [i, base] of bases.entries()) {
    const segment = newSegment(input, base);
    const next = bases[i + 1];
    const trustedTo = trustedSize(services, base, next === undefined, checkpoint);
    const { fileSize, torn: badBytes } = segment.load({
      trustedTo,
      offsetEnd: next ?? durableEnd,
      isFollowed: next !== undefined,
    });
    segments.push(segment);
    const isShort = next !== undefined && segment.nextOffset < next;
    // Above the durable end, missing bytes end the log, as bad bytes do.
    const isTornOff = isShort && next > durableEnd && trustedTo !== Infinity;
    const torn = badBytes ?? (isTornOff ? 'the file ends before the next begins' : undefined);
    if (segment.sizeBytes > trustedTo || torn !== undefined) unsynced.push(segment);
    if (torn !== undefined) {
      cutTornTail(input, segment, fileSize, torn, bases.slice(i + 1));
      break;
    }
    if (isShort) {
      gaps.push(gap(segment, segment.nextOffset, next, 'the file ends before the next begins'));
    }
  }
  const start = closeEnds(input, segments, gaps, logStartOffset, durableEnd);
  return {
    segments,
    gaps: gaps.filter((one) => one.toOffset > start),
    unsynced,
    logStartOffset: start,
    durable: durablePoint(input, segments, start),
    ...recoverProducers(input, segments, snapshots),
  };
}

/**
 * Removes segments below the log start that a crash kept from being removed. They stay if no
 * durable snapshot holds the producer states that they give; the next trimming removes them then.
 */
function removeDeleted(
  input: RecoveryInput,
  bases: number[],
  snapshots: number[],
  durableEnd: number,
): number[] {
  const logStartOffset = input.checkpoint?.logStartOffset ?? 0;
  const kept = bases.findLastIndex((base, i) => i === 0 || base <= logStartOffset);
  if (kept <= 0) return bases;
  const { services, directory } = input;
  const known = snapshots.find(
    (offset) =>
      offset >= bases[kept]! &&
      // A snapshot above the durable end may cover batches that a power loss took.
      offset <= durableEnd &&
      readSnapshot(services, snapshotPath(directory, offset), offset) !== undefined,
  );
  if (known === undefined || !isKept(services, directory, known)) return bases;
  for (const base of bases.slice(0, kept)) {
    const { log, index } = newSegment(input, base);
    const { files } = services;
    files.unlinkNow(log.path);
    if (files.size(index.path) !== undefined) files.unlinkNow(index.path);
  }
  return bases.slice(kept);
}

/** Writes a snapshot of a previous run again so that it is durable; false if that fails. */
function isKept({ files, logger }: LogServices, directory: string, offset: number): boolean {
  const path = snapshotPath(directory, offset);
  try {
    replaceFileNow(files, { directory, path, content: readFile(files, path) });
    return true;
  } catch (error) {
    logger.warn({ err: error, file: path }, 'segments before the log start are kept for now');
    return false;
  }
}

/** How much of a segment the checkpoint vouches for. */
function trustedSize(
  { checkpoints }: LogServices,
  base: number,
  isLast: boolean,
  checkpoint: PartitionCheckpoint | undefined,
): number {
  if (checkpoint === undefined) {
    // A whole checkpoint file says: never synced. Otherwise all segments but the last count as
    // synced.
    return checkpoints.isComplete || isLast ? 0 : Infinity;
  }
  if (base < checkpoint.segmentBase) return Infinity;
  return base === checkpoint.segmentBase ? checkpoint.position : 0;
}

/**
 * Ends the log before bad bytes above the durable end. Batches after them that can still be read
 * were not known to be durable; they are kept in files `*.cut` instead of being deleted.
 */
function cutTornTail(
  { services, directory }: RecoveryInput,
  segment: Segment,
  fileSize: number,
  reason: string,
  laterBases: number[],
): void {
  const { files, logger } = services;
  const path = segment.log.path;
  const position = segment.sizeBytes;
  const range = { from: position, to: fileSize, offsetMin: segment.nextOffset };
  const descriptor = segment.descriptor();
  const readable = findNextBatch(files, descriptor, { ...range, offsetEnd: Infinity }, undefined);
  if (readable !== undefined) {
    const copy = files.open(`${path}.cut`, 'replace');
    const chunk = Buffer.allocUnsafe(Math.min(COPY_CHUNK_SIZE, fileSize - position));
    for (let at = position; at < fileSize; at += chunk.length) {
      const length = Math.min(chunk.length, fileSize - at);
      const read = readAll(files, descriptor, chunk, 0, length, at);
      writeAll(files, copy, chunk.subarray(0, read), at - position);
    }
    files.close(copy);
  }
  segment.cutTail();
  // Otherwise a power loss could bring these bytes back, among those written from now on.
  files.syncDataNow(segment.descriptor());
  for (const base of laterBases) {
    const later = newSegment({ services, directory, indexIntervalBytes: 0 }, base);
    files.rename(later.log.path, `${later.log.path}.cut`);
    if (files.size(later.index.path) !== undefined) files.unlinkNow(later.index.path);
  }
  if (laterBases.length > 0 || readable !== undefined) files.syncDirectoryNow(directory);
  logger.warn(
    {
      file: path,
      reason,
      bytes: fileSize - position,
      laterSegments: laterBases.length,
      keptAside: readable !== undefined,
    },
    'the end of a log, which was not known to be on the disk, was cut off',
  );
}

/**
 * Accounts for offsets missing before the first segment and after the last; returns the log start.
 */
function closeEnds(
  input: RecoveryInput,
  segments: Segment[],
  gaps: Gap[],
  logStartOffset: number,
  durableEnd: number,
): number {
  const first = segments[0];
  const firstOffset = first?.baseOffset ?? durableEnd;
  const known = input.checkpoint !== undefined;
  if (known && firstOffset > logStartOffset) {
    const file = first?.log.path ?? input.directory;
    const range = { fromOffset: logStartOffset, toOffset: firstOffset };
    gaps.unshift({ ...range, file, reason: 'the segments that held this are missing' });
  }
  const last = segments.at(-1);
  if (last === undefined) {
    segments.push(newSegment(input, durableEnd));
  } else if (last.nextOffset < durableEnd) {
    gaps.push(gap(last, last.nextOffset, durableEnd, 'the file is shorter than what was durable'));
    segments.push(newSegment(input, durableEnd));
  }
  return known ? logStartOffset : Math.max(logStartOffset, firstOffset);
}

/** Where the durable end lies; without a checkpoint, where the bytes begin that must be checked. */
function durablePoint(
  { services, checkpoint }: RecoveryInput,
  segments: Segment[],
  logStartOffset: number,
): RecoveredLog['durable'] {
  const last = segments.at(-1)!;
  if (checkpoint !== undefined) {
    const { durableEndOffset: offset, segmentBase, position } = checkpoint;
    const segment = segments.find((candidate) => candidate.baseOffset === segmentBase);
    if (segment !== undefined && position <= segment.sizeBytes) {
      return { offset, segment, position };
    }
    if (last.baseOffset === offset) return { offset, segment: last, position: 0 };
    // The file was shortened: all that is left of it lies below the durable end.
    if (segment !== undefined) return { offset, segment, position: segment.sizeBytes };
    // Compaction merged it into an earlier segment, which it does only with durable segments.
    const merged = segments.find(
      (one) => one.baseOffset < segmentBase && one.nextOffset >= offset && one !== last,
    );
    if (merged !== undefined) {
      return { offset: merged.nextOffset, segment: merged, position: merged.sizeBytes };
    }
    // The checkpoint's segment is missing: nothing after it is known to be durable.
    const above = segments.find((candidate) => candidate.baseOffset >= offset) ?? last;
    return { offset: Math.max(offset, above.baseOffset), segment: above, position: 0 };
  }
  const segment = services.checkpoints.isComplete ? segments[0]! : last;
  return { offset: Math.max(segment.baseOffset, logStartOffset), segment, position: 0 };
}

/** The producer states of the newest usable snapshot and of the batches after it. */
function recoverProducers(
  { services, directory }: RecoveryInput,
  segments: Segment[],
  snapshots: number[],
): { producers: ProducerStates; snapshots: number[] } {
  const { files, clock } = services;
  const logEnd = segments.at(-1)!.nextOffset;
  let producers: ProducerStates | undefined;
  // Not from the log start: a producer may retry the batch that contains it, or earlier ones.
  let from = segments[0]!.baseOffset;
  const usable: number[] = [];
  for (const offset of snapshots.toReversed()) {
    const path = snapshotPath(directory, offset);
    // A snapshot below the first segment lacks batches deleted since: worse than no snapshot.
    if (offset > logEnd || offset < segments[0]!.baseOffset) {
      files.unlinkNow(path);
      continue;
    }
    usable.unshift(offset);
    if (producers !== undefined) continue;
    producers = readSnapshot(services, path, offset);
    if (producers !== undefined) from = offset;
    else usable.shift();
  }
  producers ??= new ProducerStates();
  const now = clock.now();
  for (const [i, segment] of segments.entries()) {
    if (segment.nextOffset <= from || segment.isEmpty) continue;
    const end = segments[i + 1]?.baseOffset ?? logEnd;
    segment.forEachBatch(from, end, (bytes, at) => {
      const baseOffset = header.baseOffsetAt(bytes, at);
      if (baseOffset < from) return;
      producers.noteEpoch(header.leaderEpochAt(bytes, at), baseOffset);
      // Seen now: timestamps may be old, and yet a retry of the client must be recognised.
      if (header.producerIdAt(bytes, at) >= 0) {
        producers.note(readRecordBatchHeader(bytes, at), baseOffset, now);
      }
    });
  }
  return { producers, snapshots: usable };
}

function readSnapshot(
  { files, logger }: LogServices,
  path: string,
  offset: number,
): ProducerStates | undefined {
  const states = ProducerStates.decode(readFile(files, path), offset);
  if (states === undefined) {
    logger.warn({ file: path }, 'a snapshot of producers is damaged; the log is read instead');
  }
  return states;
}

export function snapshotPath(directory: string, offset: number): string {
  return `${directory}/${String(offset).padStart(20, '0')}.snapshot`;
}

function newSegment(
  {
    services,
    directory,
    indexIntervalBytes,
  }: Pick<RecoveryInput, 'services' | 'directory' | 'indexIntervalBytes'>,
  base: number,
): Segment {
  return new Segment(services.files, services.openFiles, directory, base, indexIntervalBytes);
}

function gap(segment: Segment, fromOffset: number, toOffset: number, reason: string): Gap {
  return { fromOffset, toOffset, file: segment.log.path, reason };
}

function offsetsOf(names: readonly string[], pattern: RegExp): number[] {
  return names
    .map((name) => pattern.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}
