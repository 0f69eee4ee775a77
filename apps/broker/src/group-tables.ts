import type { StoredOffset } from '@penstock/kafka-broker';
import type { SqliteConnection } from '@penstock/platform/broker-storage';

/** A group as it lies in the database: its members are text. */
export interface GroupRow {
  readonly groupId: string;
  readonly protocolType: string;
  readonly protocolName: string | null;
  readonly generationId: number;
  readonly leaderId: string | null;
  readonly members: string;
  readonly emptySince: number | null;
}

/** `GroupChange` with groups as rows. */
export type GroupRowChange =
  | { readonly kind: 'saveGroup'; readonly group: GroupRow }
  | { readonly kind: 'deleteGroup'; readonly groupId: string }
  | { readonly kind: 'saveOffset'; readonly offset: StoredOffset }
  | {
      readonly kind: 'deleteOffset';
      readonly groupId: string;
      readonly topic: string;
      readonly partition: number;
    };

/**
 * Writes groups and committed offsets, which change more often than anything else: prepared
 * statements on a connection of their own take a third of the time that Prisma takes.
 */
export class GroupTables {
  readonly #connection: SqliteConnection;
  readonly #write: (changes: readonly GroupRowChange[]) => void;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    const apply = prepare(connection);
    const transaction = connection.transaction((changes: readonly GroupRowChange[]) => {
      for (const change of changes) apply(change);
    });
    this.#write = transaction.immediate;
  }

  /** All of the changes, in their order, or none. */
  write(changes: readonly GroupRowChange[]): void {
    this.#write(changes);
  }

  close(): void {
    this.#connection.close();
  }
}

function prepare(connection: SqliteConnection): (change: GroupRowChange) => void {
  const saveOffset = connection.prepare(SAVE_OFFSET);
  const saveGroup = connection.prepare(SAVE_GROUP);
  const deleteGroup = connection.prepare('DELETE FROM "Group" WHERE "groupId" = ?');
  const deleteOffsets = connection.prepare('DELETE FROM "CommittedOffset" WHERE "groupId" = ?');
  const deleteOffset = connection.prepare(
    'DELETE FROM "CommittedOffset" WHERE "groupId" = ? AND "topic" = ? AND "partition" = ?',
  );
  return (change) => {
    switch (change.kind) {
      case 'saveOffset':
        saveOffset.run(change.offset);
        return;
      case 'saveGroup':
        saveGroup.run(change.group);
        return;
      case 'deleteGroup':
        deleteOffsets.run(change.groupId);
        deleteGroup.run(change.groupId);
        return;
      case 'deleteOffset':
        deleteOffset.run(change.groupId, change.topic, change.partition);
        return;
    }
  };
}

const SAVE_OFFSET = `
  INSERT INTO "CommittedOffset" ("groupId", "topic", "partition", "offset", "leaderEpoch", "metadata",
    "commitTimestamp", "expireTimestamp")
  VALUES (@groupId, @topic, @partition, @offset, @leaderEpoch, @metadata, @commitTimestamp,
    @expireTimestamp)
  ON CONFLICT ("groupId", "topic", "partition") DO UPDATE SET "offset" = excluded."offset",
    "leaderEpoch" = excluded."leaderEpoch", "metadata" = excluded."metadata",
    "commitTimestamp" = excluded."commitTimestamp", "expireTimestamp" = excluded."expireTimestamp"`;

const SAVE_GROUP = `
  INSERT INTO "Group" ("groupId", "protocolType", "protocolName", "generationId", "leaderId",
    "members", "emptySince")
  VALUES (@groupId, @protocolType, @protocolName, @generationId, @leaderId, @members, @emptySince)
  ON CONFLICT ("groupId") DO UPDATE SET "protocolType" = excluded."protocolType",
    "protocolName" = excluded."protocolName", "generationId" = excluded."generationId",
    "leaderId" = excluded."leaderId", "members" = excluded."members",
    "emptySince" = excluded."emptySince"`;
