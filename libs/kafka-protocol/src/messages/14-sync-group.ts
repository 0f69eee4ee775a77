import { api, array, bytes, int16, int32, string } from './schema.ts';

/**
 * Membership of a consumer group, second half: the assignment.
 *
 * Versions: 1 throttle time · 3 static members (KIP-345) · 4 flexible · 5 protocol type and name
 * (KIP-559).
 */
export const syncGroup = api({
  key: 14,
  name: 'SyncGroup',
  versions: '0-5',
  flexible: '4+',
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }),
    protocolType: string({ versions: '5+', nullable: '5+', default: null }),
    protocolName: string({ versions: '5+', nullable: '5+', default: null }),
    assignments: array({
      memberId: string(),
      assignment: bytes(),
    }),
  },
  response: {
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    errorCode: int16(),
    protocolType: string({ versions: '5+', nullable: '5+', default: null }),
    protocolName: string({ versions: '5+', nullable: '5+', default: null }),
    assignment: bytes(),
  },
});
