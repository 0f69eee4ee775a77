/**
 * How compacted segments take the place of those they were made from, so that a crash at any point
 * leaves the old ones or the new one (Kafka: LogCleaner, UnifiedLog.replaceSegments). A group of
 * segments from offset `base` to `end`, 20 digits each:
 *
 *   1. `<base>.log.cleaned` is written and synced.           A start removes it.
 *   2. It becomes `<base>-<end>.log.swap`, synced.           From here on a start goes on with 3.
 *   3. The indexes of the group and all its segments but the first are removed, synced.
 *   4. `<base>-<end>.log.swap` becomes `<base>.log` in the place of the first segment, synced.
 *
 * The index is written beside it as `<base>.index.cleaned` and renamed last; without one it is
 * built from the segment.
 */
import type { Files } from '../files.ts';
import type { LogServices } from '../log-services.ts';
import type { LogState } from '../log-state.ts';
import type { Segment } from '../segment.ts';
import { offsetName } from '../segment.ts';

export const CLEANED_SUFFIX = '.cleaned';
const CLEANED_FILE = /\.cleaned$/;
const SWAP_FILE = /^(\d{20})-(\d{20})\.log\.swap$/;
const FILE_OF_OFFSET = /^(\d{20})\.(log|index)$/;

/**
 * Replaces `group` by `cleaned`, which is on the disk. Resolves with false, and changes nothing, if
 * the log is no longer writable or a segment of the group was removed or found damaged.
 */
export async function swapSegments(
  state: LogState,
  group: readonly Segment[],
  cleaned: Segment,
): Promise<boolean> {
  const { files } = state.services;
  const { path } = state.folder;
  const first = group[0]!;
  const end = group.at(-1)!.nextOffset;
  const at = positionOf(state, group);
  if (at === undefined) return false;
  const finalLog = first.log.path;
  const finalIndex = first.index.path;
  cleaned.renameLog(`${path}/${offsetName(first.baseOffset)}-${offsetName(end)}.log.swap`);
  await syncDirectory(files, path);
  if (!state.isWritable) {
    cleaned.close();
    return true;
  }

  state.segments.list.splice(at, group.length, cleaned);
  for (const segment of group) state.unsynced.discard(segment, { remove: false });
  await Promise.all(
    group.flatMap(({ log, index }) => [
      ...(log === first.log ? [] : [unlink(files, log.path)]),
      unlink(files, index.path),
    ]),
  );
  if (!state.isWritable) return true;
  await syncDirectory(files, path);
  if (!state.isWritable) return true;

  cleaned.renameLog(finalLog);
  cleaned.index.rename(finalIndex);
  await syncDirectory(files, path);
  return true;
}

/**
 * Index of the group's first segment in the log, if the group is there as a whole and undamaged.
 */
function positionOf(state: LogState, group: readonly Segment[]): number | undefined {
  const { list } = state.segments;
  const at = list.indexOf(group[0]!);
  if (!state.isWritable || at < 0) return undefined;
  const isThere = group.every((one, i) => list[at + i] === one && one.damaged.length === 0);
  return isThere ? at : undefined;
}

/** Removes the files of a compacted segment that is not used. */
export function discardCleaned(files: Files, cleaned: Segment): void {
  cleaned.close();
  for (const path of [cleaned.log.path, cleaned.index.path]) {
    if (files.size(path) !== undefined) files.unlinkNow(path);
  }
}

/**
 * Finishes the swaps that a crash interrupted and removes unfinished `.cleaned` files, before the
 * partition's segments are read. Returns the names in the folder after that.
 */
export function finishSwaps(
  services: LogServices,
  directory: string,
  names: readonly string[],
): readonly string[] {
  const leftovers = names.filter((name) => CLEANED_FILE.test(name));
  const swaps = names.filter((name) => SWAP_FILE.test(name));
  if (leftovers.length === 0 && swaps.length === 0) return names;
  const { files } = services;
  for (const name of leftovers) files.unlinkNow(`${directory}/${name}`);
  for (const name of swaps) finishSwap(services, directory, name, names);
  files.syncDirectoryNow(directory);
  return files.list(directory) ?? [];
}

function finishSwap(
  { files, logger }: LogServices,
  directory: string,
  name: string,
  names: readonly string[],
): void {
  const [, baseText, endText] = SWAP_FILE.exec(name)!;
  const base = Number(baseText);
  const end = Number(endText);
  const replaced = names.filter((one) => {
    const offset = Number(FILE_OF_OFFSET.exec(one)?.[1] ?? -1);
    return offset >= base && offset < end;
  });
  const swap = `${directory}/${name}`;
  const log = `${directory}/${baseText}.log`;
  logger.info({ file: swap }, 'a compaction that was interrupted is finished');
  for (const one of replaced) {
    if (`${directory}/${one}` !== log) files.unlinkNow(`${directory}/${one}`);
  }
  files.syncDirectoryNow(directory);
  files.rename(swap, log);
}

function syncDirectory(files: Files, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    files.syncDirectory(path, (error) => (error === null ? resolve() : reject(error)));
  });
}

function unlink(files: Files, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    files.unlink(path, (error) => {
      if (error === null || (error as NodeJS.ErrnoException).code === 'ENOENT') resolve();
      else reject(error);
    });
  });
}
