import { randomUUID } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { readStateHeader, StateFileError } from '../../state/sqlite-backing.ts';
import { positionsIn } from '../../state/task-state.ts';
import { type KeptPositions, stateFor } from '../../task/task-positions.ts';
import type { PipelineDefinition } from '../../topology/pipeline-definition.ts';
import type { AssignedPartition } from './group-member.ts';
import type { StateChoice } from './state-choice.ts';
import { StateLost } from './state-lost.ts';

/** How long the states of the epoch before stay at least. */
const OLD_KEPT_MS = 3_600_000;
const BEGUN = 'begun.json';

/** A task, by the index of its stage and its number. */
interface TaskId {
  readonly stage: number;
  readonly number: number;
}

/**
 * The states of a pipeline's stream tasks. Each time that it is started over, its tasks begin anew
 * in a folder of their own:
 *
 *     <epoch>/<stage>-<number>.sqlite   state of a task
 *     <epoch>/<stage>-<number>.made     the task has begun: where is in its state or in the group
 *     <epoch>/begun.json                partitions of each topic when the epoch began
 *
 * The folder of the epoch before stays until the tasks are opened again an hour later or more, so
 * that a mistake can be mended by hand: stop the workers, delete the new folder, and give the old
 * one its name. What its tasks send carries the epoch that their states were made in, so that
 * messages which the mistake left in internal topics are still told apart.
 */
export class StateFolder {
  readonly #folder: string;
  readonly #definition: PipelineDefinition;
  readonly #choice: StateChoice;
  /** Partitions of each topic when the first task of this epoch was opened, by any worker. */
  readonly #countsAtBegin: Record<string, number>;
  /** What the states were committed with, by file name; null when nothing was. */
  readonly #kept: ReadonlyMap<string, KeptPositions | null>;

  /**
   * Looks at all states, those of other workers and of stages that went away, too.
   *
   * @param folder of the pipeline
   * @throws StateMismatch when one was made by another definition; StateFileError
   */
  constructor(
    folder: string,
    options: {
      readonly definition: PipelineDefinition;
      readonly choice: StateChoice;
      readonly partitionCounts: ReadonlyMap<string, number>;
    },
  ) {
    this.#folder = folder;
    this.#definition = options.definition;
    this.#choice = options.choice;
    this.#countsAtBegin =
      options.choice.epoch === 0 ? {} : noteBegin(this.#current, options.partitionCounts);
    this.#kept = readAll(this.#current);
    for (const kept of this.#kept.values()) {
      stateFor(options.definition, kept, options.choice.keepFor);
    }
  }

  /** The epoch that the tasks' messages carry. */
  get epoch(): number {
    const epochs = new Set([...this.#kept.values()].flatMap((kept) => kept?.epoch ?? []));
    if (epochs.size > 1) {
      throw new StateFileError(
        `${this.#current} holds states of the epochs ${[...epochs].join(' and ')}, of which one is right`,
        { isLocked: false },
      );
    }
    return [...epochs][0] ?? this.#choice.epoch;
  }

  fileOf(task: TaskId): string {
    return join(this.#current, `${nameOf(task)}.sqlite`);
  }

  /**
   * Whether a task goes on, rather than begins in an epoch. The first epoch begins as groups do,
   * and states of an older one that were put back all go on.
   */
  hasBegun(task: TaskId): boolean {
    const { epoch } = this.#choice;
    const goesOn = epoch === 0 || this.epoch < epoch || this.#isKept(task);
    return goesOn || existsSync(this.#markerOf(task));
  }

  /**
   * Where a task reads a source when its state does not say.
   *
   * @throws StateLost when its state should say it
   */
  startOf(task: TaskId, source: AssignedPartition, isStateful: boolean): number {
    const { committed, startOffset, endOffset } = source;
    if (this.hasBegun(task)) {
      if (isStateful && !this.#isKept(task) && committed !== null && committed > startOffset) {
        throw new StateLost(this.#definition.name, this.fileOf(task), source);
      }
      return committed ?? startOffset;
    }
    switch (this.#choice.startFrom) {
      case 'earliest':
        return startOffset;
      case 'latest':
        return this.#isNew(source) ? startOffset : endOffset;
      default:
        return committed ?? startOffset;
    }
  }

  /** Notes that tasks have begun; from then on a state that is missing is lost. */
  markBegun(tasks: readonly TaskId[]): void {
    mkdirSync(this.#current, { recursive: true });
    for (const task of tasks) {
      writeFileSync(this.#markerOf(task), '');
    }
  }

  /**
   * Removes the states of older epochs, those of the one before only when this one is old enough.
   */
  removeOld(): void {
    if (this.#choice.epoch === 0) return;
    const { epoch } = this.#choice;
    const isSettled = Date.now() - statSync(join(this.#current, BEGUN)).mtimeMs > OLD_KEPT_MS;
    for (const name of namesIn(this.#folder)) {
      const other = /^\d+$/.test(name) ? Number(name) : epoch;
      if (other < epoch - 1 || (other < epoch && isSettled)) {
        rmSync(join(this.#folder, name), { recursive: true, force: true });
      }
    }
  }

  get #current(): string {
    return join(this.#folder, String(this.#choice.epoch));
  }

  #isKept(task: TaskId): boolean {
    return (this.#kept.get(`${nameOf(task)}.sqlite`) ?? null) !== null;
  }

  #markerOf(task: TaskId): string {
    return join(this.#current, `${nameOf(task)}.made`);
  }

  /** A partition that the epoch did not begin with: none of its records was there before. */
  #isNew({ topic, partition }: AssignedPartition): boolean {
    return partition >= (this.#countsAtBegin[topic] ?? Infinity);
  }
}

/** Writes down the partitions with which an epoch begins, unless that was done; returns them. */
function noteBegin(
  folder: string,
  partitionCounts: ReadonlyMap<string, number>,
): Record<string, number> {
  const file = join(folder, BEGUN);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(file)) {
    // Whole or not at all, and never twice: another worker may do the same at this moment, and
    // both have to go by what the first of them wrote.
    const draft = `${file}.${randomUUID()}`;
    writeFileSync(draft, JSON.stringify({ partitions: Object.fromEntries(partitionCounts) }));
    try {
      linkSync(draft, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }
  const begun = JSON.parse(readFileSync(file, 'utf8')) as { partitions: Record<string, number> };
  return begun.partitions;
}

function readAll(folder: string): Map<string, KeptPositions | null> {
  const files = namesIn(folder).filter((name) => name.endsWith('.sqlite'));
  return new Map(
    files.map((name) => [
      name,
      positionsIn(readStateHeader(join(folder, name))) as KeptPositions | null,
    ]),
  );
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function nameOf({ stage, number }: TaskId): string {
  return `${stage}-${number}`;
}
