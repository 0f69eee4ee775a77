import { api, int16, int32, string } from './schema.ts';

/**
 * A member is alive.
 *
 * Versions: 1 throttle time · 3 static members (KIP-345) · 4 flexible.
 */
export const heartbeat = api({
  key: 12,
  name: 'Heartbeat',
  versions: '0-4',
  flexible: '4+',
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }),
  },
  response: {
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    errorCode: int16(),
  },
});
