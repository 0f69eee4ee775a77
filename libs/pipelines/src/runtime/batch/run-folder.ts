import { existsSync } from 'node:fs';
import { link, mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { MemoryBacking } from '../../state/memory-backing.ts';
import { SqliteBacking } from '../../state/sqlite-backing.ts';
import type { StateBacking } from '../../state/state-backing.ts';
import { TaskState } from '../../state/task-state.ts';
import type { KeptPositions } from '../../task/task-positions.ts';
import type { Stage } from '../../topology/stages.ts';
import type { PartitionPosition } from '../partition-reader.ts';
import { FailedForGood } from './run-failure.ts';
import { unfinished } from './unfinished-files.ts';

/**
 * What one generation of a batch run keeps, in a folder of its own:
 *
 * | file | content |
 * |---|---|
 * | `<stage>-<number>.sqlite` | the state of a task (state/sqlite-backing.ts) |
 * | `<stage>-<number>.made.sqlite` | what it made for others and for files (made-outputs.ts) |
 *
 * The state of a contiguous run begins as a copy of what the run before left, its base. A copy gets
 * its name when it is complete, and a file that is there is never replaced: whoever comes second
 * with the same copy, also a worker that was thought dead, finds the file of the first.
 */
export class RunFolder {
  readonly path: string;
  readonly base: string | null;

  /** @param base folder of the run to go on from; null: the states begin with nothing */
  constructor(path: string, base: string | null) {
    this.path = path;
    this.base = base;
  }

  /**
   * Makes the folder.
   *
   * @throws FailedForGood when there should be a base and there is none
   */
  async prepare(): Promise<void> {
    if (this.base !== null && !existsSync(this.base)) {
      throw new StateGone(this.base);
    }
    await mkdir(this.path, { recursive: true });
  }

  /**
   * The state of a task.
   *
   * @param starts where the run begins in the task's source partitions, whatever the base says
   */
  async openState(
    stage: Stage,
    number: number,
    starts: readonly PartitionPosition[],
  ): Promise<StateBacking> {
    if (!stage.stateful) {
      return new MemoryBacking();
    }
    const file = join(this.path, `${stage.index}-${number}.sqlite`);
    if (this.base !== null && !existsSync(file)) {
      await copyState(join(this.base, basename(file)), file, starts);
    }
    // Another run begins with this state, and nothing reads the records of this one again.
    return new SqliteBacking(file, { synced: true });
  }

  /** File of what a task has made. */
  madeFile(stage: Pick<Stage, 'index'>, number: number): string {
    return join(this.path, `${stage.index}-${number}${MADE}`);
  }

  /** Files of what all tasks have made. */
  async madeFiles(): Promise<string[]> {
    const names = await readdir(this.path);
    return names
      .filter((name) => name.endsWith(MADE))
      .sort()
      .map((name) => join(this.path, name));
  }

  /**
   * When the next run has to end so that the earliest timer in the states is due, ms since epoch;
   * null when there is no timer.
   */
  async nextDueAt(): Promise<number | null> {
    const names = await readdir(this.path);
    const states = names.filter((name) => name.endsWith('.sqlite') && !name.endsWith(MADE));
    const due = states.map((name) => dueOf(join(this.path, name)));
    const first = Math.min(...due);
    return first === Infinity ? null : first;
  }

  /** Removes what only this run needed, when it has succeeded. */
  async removeMade(): Promise<void> {
    const names = await readdir(this.path);
    for (const name of names.filter((each) => each.includes(MADE))) {
      await rm(join(this.path, name), { force: true });
    }
  }

  /** How many tasks of these stages the base has; 0 when it has none. */
  async tasksInBase(stages: readonly Stage[]): Promise<number> {
    const names = this.base === null ? [] : await readdir(this.base);
    const numbers = stages.flatMap(({ index }) =>
      names.flatMap((name) => {
        const number = new RegExp(`^${index}-(\\d+)\\.sqlite$`).exec(name)?.[1];
        return number === undefined ? [] : [Number(number)];
      }),
    );
    return Math.max(-1, ...numbers) + 1;
  }
}

const MADE = '.made.sqlite';

/** The state that a run has to begin with is not where it was left. */
class StateGone extends FailedForGood {
  override readonly name = 'StateGone';

  constructor(folder: string) {
    super(
      `the state that the run before left is not in ${folder}: bring it back, ` +
        'or make that folder empty to begin without it',
    );
  }
}

/** Infinity when the state has no timer. */
function dueOf(file: string): number {
  const state = new TaskState(new SqliteBacking(file, { synced: true }));
  try {
    return (state.readPositions() as KeptPositions | null)?.nextDueAt ?? Infinity;
  } finally {
    state.close();
  }
}

/** Copies a state that is closed or held by nobody, if there is one. */
async function copyState(
  from: string,
  to: string,
  starts: readonly PartitionPosition[],
): Promise<void> {
  if (!existsSync(from)) {
    return;
  }
  const temporary = unfinished(to);
  try {
    const source = new Database(from, { readonly: true });
    try {
      await source.backup(temporary);
    } finally {
      source.close();
    }
    beginAt(temporary, starts);
    await link(temporary, to).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    for (const rest of ['', '-wal', '-shm', '-journal']) {
      await rm(temporary + rest, { force: true });
    }
  }
}

/**
 * Sets a copied state to where its new run begins. That is not always where the old one ended: a
 * run that is retried after later ones reads older records, a topic made anew begins at 0. What the
 * old run had to deliver it has delivered, or it would not have succeeded.
 */
function beginAt(file: string, starts: readonly PartitionPosition[]): void {
  const state = new TaskState(new SqliteBacking(file, { synced: true }));
  try {
    const kept = state.readPositions() as KeptPositions | null;
    if (kept === null) {
      return;
    }
    const partitions = kept.partitions.map((clock) => {
      const start = starts.find(
        ({ topic, partition }) => topic === clock.topic && partition === clock.partition,
      );
      return start === undefined ? clock : { ...clock, offset: start.offset };
    });
    state.delivered(Math.max(0, ...state.undelivered().map(({ sequence }) => sequence)));
    state.commit({ ...kept, partitions }, null);
  } finally {
    state.close();
  }
}
