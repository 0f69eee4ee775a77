import { api, array, bool, bytes, int16, int32, string } from './schema.ts';

/**
 * Membership of a consumer group, first half.
 *
 * Versions: 1 rebalance timeout · 2 throttle time · 4 MEMBER_ID_REQUIRED (KIP-394) · 5 static
 * members (KIP-345) · 6 flexible · 7 protocol type answered (KIP-559) · 8 reason (KIP-800) · 9 the
 * leader may skip the assignment (KIP-814).
 */
export const joinGroup = api({
  key: 11,
  name: 'JoinGroup',
  versions: '0-9',
  flexible: '6+',
  request: {
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32({ versions: '1+', default: -1 }),
    memberId: string(),
    groupInstanceId: string({ versions: '5+', nullable: '5+', default: null }),
    protocolType: string(),
    protocols: array({
      name: string(),
      metadata: bytes(),
    }),
    reason: string({ versions: '8+', nullable: '8+', default: null }),
  },
  response: {
    throttleTimeMs: int32({ versions: '2+', default: 0 }),
    errorCode: int16(),
    generationId: int32({ default: -1 }),
    protocolType: string({ versions: '7+', nullable: '7+', default: null }),
    protocolName: string({ nullable: '7+' }),
    leader: string(),
    skipAssignment: bool({ versions: '9+' }),
    memberId: string(),
    members: array({
      memberId: string(),
      groupInstanceId: string({ versions: '5+', nullable: '5+', default: null }),
      metadata: bytes(),
    }),
  },
});
