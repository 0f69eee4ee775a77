/** One assignment strategy a member supports, with its opaque subscription. */
export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

/** A decoded JoinGroup, free of versions. Buffers in it must not be slices of a receive buffer. */
export interface JoinRequest {
  groupId: string;
  memberId: string;
  groupInstanceId: string | null;
  clientId: string;
  clientHost: string;
  protocolType: string;
  protocols: readonly MemberProtocol[];
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  /** Version 4 on: a dynamic member must come back with the id it is given (KIP-394). */
  requiresKnownMemberId: boolean;
  /** Version 9 on (KIP-814). */
  supportsSkippingAssignment: boolean;
  /** What the client says of why; version 8 on, for the log. */
  reason: string | null;
}

export interface JoinedMember {
  memberId: string;
  groupInstanceId: string | null;
  metadata: Buffer;
}

export interface JoinResult {
  error: number;
  generationId: number;
  protocolType: string | null;
  protocolName: string | null;
  leaderId: string;
  memberId: string;
  skipAssignment: boolean;
  /** Only in the leader's answer. */
  members: readonly JoinedMember[];
}

export interface SyncRequest {
  groupId: string;
  generationId: number;
  memberId: string;
  groupInstanceId: string | null;
  /** Version 5 on. */
  protocolType: string | null;
  protocolName: string | null;
  assignments: ReadonlyMap<string, Buffer>;
}

export interface SyncResult {
  error: number;
  protocolType: string | null;
  protocolName: string | null;
  assignment: Buffer;
}

export interface LeavingMember {
  memberId: string;
  groupInstanceId: string | null;
  /** Version 5 on, for the log. */
  reason?: string | null;
}

export interface LeaveResult {
  /** Of the whole request; the members are empty then. */
  error: number;
  members: readonly (LeavingMember & { error: number })[];
}

/** Who commits: −1 and an empty member id for clients that do not use group management. */
export interface CommitterIdentity {
  generationId: number;
  memberId: string;
  groupInstanceId: string | null;
}

export interface OffsetToCommit {
  topic: string;
  partition: number;
  offset: number;
  leaderEpoch: number;
  metadata: string;
  /** Milliseconds; only versions 2 to 4 send one. */
  retentionMs: number | null;
}

export interface CommittedOffset {
  offset: number;
  leaderEpoch: number;
  metadata: string;
  /** Milliseconds since the Unix epoch. */
  commitTimestamp: number;
  /** Milliseconds since the Unix epoch; null: the broker's retention applies. */
  expireTimestamp: number | null;
}

export interface GroupDescription {
  error: number;
  groupId: string;
  state: string;
  protocolType: string;
  protocolName: string;
  members: readonly {
    memberId: string;
    groupInstanceId: string | null;
    clientId: string;
    clientHost: string;
    metadata: Buffer;
    assignment: Buffer;
  }[];
}

export interface GroupListing {
  groupId: string;
  protocolType: string;
  state: string;
}
