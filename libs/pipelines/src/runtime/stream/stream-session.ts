import { internalTopics, sourceTopics } from '../../topology/pipeline-definition.ts';
import { OutputWriter } from '../output-writer.ts';
import { PartitionReader } from '../partition-reader.ts';
import { RefusedRows, refusedRowsFile } from '../refused-rows.ts';
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
  readonly refusedRows: RefusedRows;
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
  const { definition, kafka, logger, stateFolder } = options;
  const topics = [...sourceTopics(definition), ...internalTopics(definition)];
  const writer = new OutputWriter(kafka, sourceTopics(definition));
  const file = refusedRowsFile(stateFolder, definition.name);
  return {
    member: new GroupMember(kafka, definition.groupId, {
      topics,
      onMember: (memberId) => options.onMember?.(memberId),
    }),
    reader: new PartitionReader(kafka, definition.groupId, topics),
    writer,
    tables: new TableFollower(kafka, definition, logger),
    refusedRows: new RefusedRows(definition, writer, file),
    signal,
  };
}

/** Delivers the refused rows of the tables, if that is up to this worker; returns the reasons. */
export async function deliverRefusedRows(work: Work): Promise<string[]> {
  const { tables, tasks, delivery, refusedRows } = work;
  if (tables.refused.length === 0 || !tasks.haveFirst) return [];
  // One write of the writer is under way at a time.
  await delivery.settled();
  const reasons = await refusedRows.deliver(tables.refused);
  tables.forgetRefused();
  return reasons;
}

/** Retention deleted records before they were read: goes on at the log start. */
export async function passGaps(
  { member, reader, tasks }: Work,
  { definition, logger }: Pick<StreamProcessorOptions, 'definition' | 'logger'>,
): Promise<void> {
  for (const { topic, partition, startOffset } of await member.assigned()) {
    const at = tasks.positions.find((each) => each.topic === topic && each.partition === partition);
    if (at === undefined || at.offset >= startOffset) continue;
    const log = { pipeline: definition.name, topic, partition, offset: at.offset };
    logger.warn(
      { ...log, records: startOffset - at.offset },
      'records were deleted before they were read; from the log start',
    );
    tasks.readersOf(at).forEach((task) => task.moveTo(topic, partition, startOffset));
  }
  await reader.assign(tasks.positions);
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
