import { deadLetterReason } from '../../task/dead-letter.ts';
import type { OutputRecord, TaskOutput } from '../../task/task-output.ts';
import type { TaskCounts } from '../../task/task-options.ts';
import type { PipelineDefinition } from '../../topology/pipeline-definition.ts';
import { deliver, UndeliverableRecord } from '../output-delivery.ts';
import type { OutputWriter } from '../output-writer.ts';
import type { PartitionPosition } from '../partition-reader.ts';
import type { GroupMember } from './group-member.ts';
import { NOTHING, type TaskCommit } from './stream-tasks.ts';

/** Up to where a task's outputs were delivered: the commit that is next, and how many of it. */
export interface DeliveredUpTo {
  readonly sequence: number;
  readonly outputs: number;
}

interface StreamDeliveryOptions {
  readonly definition: PipelineDefinition;
  readonly writer: OutputWriter;
  readonly member: GroupMember;
  /**
   * By task. Kept over sessions that end at an output which no topic takes, so that the next one
   * goes on there and does not repeat those before it.
   */
  readonly deliveredUpTo: Map<string, DeliveredUpTo>;
  readonly onDeadLetters: (reasons: readonly string[]) => void;
  /** Told what was done for the outputs that were acknowledged just now. */
  readonly onDelivered: (counts: TaskCounts) => void;
}

/**
 * Delivers what tasks committed, one commit after the other, while they work on. A commit's offsets
 * go to the group when its outputs are acknowledged.
 */
export class StreamDelivery {
  readonly #options: StreamDeliveryOptions;
  #underWay: Promise<void> | null = null;
  #failure: unknown = null;

  constructor(options: StreamDeliveryOptions) {
    this.#options = options;
  }

  /** Resolves when all before is delivered; rejects with the reason when it could not be. */
  async settled(): Promise<void> {
    await this.#underWay;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Begins to deliver; the one before has to be settled. */
  start(commits: readonly TaskCommit[]): void {
    if (commits.length === 0) return;
    this.#underWay = this.#deliver(commits)
      .catch((error: unknown) => {
        this.#failure = error;
      })
      .finally(() => {
        this.#underWay = null;
      });
  }

  async #deliver(commits: readonly TaskCommit[]): Promise<void> {
    const { definition, writer, onDeadLetters } = this.#options;
    const parts = commits.map((commit) => {
      const done = this.#deliveredOf(commit);
      return { commit, done, outputs: recordsOf(commit.committed.outputs).slice(done) };
    });
    const outputs = parts.flatMap((part) => part.outputs);
    try {
      const { letters, refused } = await deliver(definition, writer, outputs);
      this.#options.onDelivered({
        ...NOTHING,
        produced: -refused,
        deadLettered: letters.length,
      });
      const dead = [...outputs.filter(({ purpose }) => purpose === 'deadLetter'), ...letters];
      if (dead.length > 0) onDeadLetters(dead.map(deadLetterReason));
    } catch (error) {
      if (error instanceof UndeliverableRecord) this.#settle(parts, error.index);
      throw error;
    }
    this.#settle(parts, outputs.length);
  }

  /** The first `delivered` outputs are acknowledged. */
  #settle(parts: readonly Part[], delivered: number): void {
    const { member, deliveredUpTo } = this.#options;
    let rest = delivered;
    for (const { commit, done, outputs } of parts) {
      const { task, committed, positions, counts } = commit;
      const { sequence } = committed;
      if (rest < outputs.length) {
        if (task.isStateful) deliveredUpTo.set(task.name, { sequence, outputs: done + rest });
        else member.commit(positionsBefore(positions, outputs.slice(rest)));
        return;
      }
      rest -= outputs.length;
      task.delivered(committed);
      if (task.isStateful) deliveredUpTo.set(task.name, { sequence: sequence + 1, outputs: 0 });
      member.commit(positions);
      this.#options.onDelivered(counts);
    }
  }

  #deliveredOf({ task, committed }: TaskCommit): number {
    const upTo = this.#options.deliveredUpTo.get(task.name);
    if (upTo === undefined || !task.isStateful || committed.sequence > upTo.sequence) return 0;
    return committed.sequence < upTo.sequence ? Infinity : upTo.outputs;
  }
}

interface Part {
  readonly commit: TaskCommit;
  /** Outputs that an earlier session delivered. */
  readonly done: number;
  readonly outputs: readonly OutputRecord[];
}

function recordsOf(outputs: readonly TaskOutput[]): OutputRecord[] {
  // A row is the result of a batch run: a stream has a topic besides.
  return outputs.filter((output) => output.kind === 'record');
}

/** The positions before the first record whose output is not delivered. */
function positionsBefore(
  positions: readonly PartitionPosition[],
  undelivered: readonly OutputRecord[],
): PartitionPosition[] {
  return positions.map(({ topic, partition, offset }) => {
    const left = undelivered.flatMap(({ source }) =>
      source?.topic === topic && source.partition === partition ? [source.offset] : [],
    );
    return { topic, partition, offset: Math.min(offset, ...left) };
  });
}
