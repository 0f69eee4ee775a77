import { internalTopics, sourceTopics } from '../../topology/pipeline-definition.ts';
import { OutputWriter } from '../output-writer.ts';
import { PartitionReader } from '../partition-reader.ts';
import { TableFollower } from '../table-follower.ts';
import { GroupMember } from './group-member.ts';
import type { InternalTopicCleaner } from './internal-topic-cleaner.ts';
import type { StateChoice } from './state-choice.ts';
import type { StreamDelivery } from './stream-delivery.ts';
import type { StreamProcessorOptions } from './stream-processor-options.ts';
import type { StreamTasks } from './stream-tasks.ts';

/** What lives as long as the membership in the group. */
export interface Session {
  readonly member: GroupMember;
  readonly reader: PartitionReader;
  readonly writer: OutputWriter;
  readonly tables: TableFollower;
  readonly signal: AbortSignal;
}

/** What lives as long as an assignment and what is decided about the state. */
export interface Work extends Session {
  readonly tasks: StreamTasks;
  readonly delivery: StreamDelivery;
  readonly cleaner: InternalTopicCleaner;
  /** The number of the assignment. */
  readonly joins: number;
  readonly choice: StateChoice;
}

/** Makes the clients; none of them has connected. */
export function newSession(options: StreamProcessorOptions, signal: AbortSignal): Session {
  const { definition, kafka, logger } = options;
  const topics = [...sourceTopics(definition), ...internalTopics(definition)];
  return {
    member: new GroupMember(kafka, definition.groupId, {
      topics,
      onMember: (memberId) => options.onMember?.(memberId),
    }),
    reader: new PartitionReader(kafka, definition.groupId, topics),
    writer: new OutputWriter(kafka, sourceTopics(definition)),
    tables: new TableFollower(kafka, definition, logger),
    signal,
  };
}

/**
 * @param how `leavesGroup`: the others take over at once; else the member is left to stand in for
 */
export async function closeSession(
  { member, reader, writer, tables }: Session,
  how: { readonly leavesGroup: boolean },
): Promise<void> {
  // The member first: leaving lets the others take over while we close the rest.
  if (how.leavesGroup) await member.close();
  await Promise.all([reader.close(), writer.close(), tables.close()]);
}
