import type { Timer } from '@penstock/kafka-log';
import type { JoinResult, MemberProtocol, SyncResult } from './group-results.ts';

/** A member of a classic group (Kafka: `ClassicGroupMember`). */
export class GroupMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly protocolType: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  protocols: readonly MemberProtocol[];
  assignment: Buffer = EMPTY;
  /** Parked in its first JoinGroup: it does not know its id yet and cannot send heartbeats. */
  isNew = false;
  /** Answers the parked JoinGroup. */
  joinWaiter: ((result: JoinResult) => void) | null = null;
  /** Answers the parked SyncGroup. */
  syncWaiter: ((result: SyncResult) => void) | null = null;
  sessionTimer: Timer | null = null;

  constructor(fields: {
    memberId: string;
    groupInstanceId: string | null;
    clientId: string;
    clientHost: string;
    protocolType: string;
    rebalanceTimeoutMs: number;
    sessionTimeoutMs: number;
    protocols: readonly MemberProtocol[];
  }) {
    this.memberId = fields.memberId;
    this.groupInstanceId = fields.groupInstanceId;
    this.clientId = fields.clientId;
    this.clientHost = fields.clientHost;
    this.protocolType = fields.protocolType;
    this.rebalanceTimeoutMs = fields.rebalanceTimeoutMs;
    this.sessionTimeoutMs = fields.sessionTimeoutMs;
    this.protocols = fields.protocols;
  }

  /** The same member under another id, without timers and without what it has parked. */
  renamed(memberId: string): GroupMember {
    const { groupInstanceId, clientId, clientHost, protocolType } = this;
    const { rebalanceTimeoutMs, sessionTimeoutMs, protocols } = this;
    const renamed = new GroupMember({
      ...{ memberId, groupInstanceId, clientId, clientHost, protocolType },
      ...{ rebalanceTimeoutMs, sessionTimeoutMs, protocols },
    });
    renamed.assignment = this.assignment;
    return renamed;
  }

  /** The opaque subscription this member gave for a protocol. */
  metadataFor(protocolName: string): Buffer {
    return this.protocols.find((protocol) => protocol.name === protocolName)?.metadata ?? EMPTY;
  }

  /** Whether a rejoin brings the same protocols, in the same order, with the same bytes. */
  hasSameProtocols(protocols: readonly MemberProtocol[]): boolean {
    return (
      protocols.length === this.protocols.length &&
      protocols.every((protocol, index) => {
        const mine = this.protocols[index];
        return mine?.name === protocol.name && mine.metadata.equals(protocol.metadata);
      })
    );
  }

  /** The first protocol in this member's order of preference that every member supports. */
  voteFor(candidates: ReadonlySet<string>): string | undefined {
    return this.protocols.find((protocol) => candidates.has(protocol.name))?.name;
  }
}

export const EMPTY = Buffer.alloc(0);
